/** What looks like something that opens a door: tokens, keys in PEM, signatures and keys in URLs, account keys. */
const SECRETS = [
  /Bearer\s+[\w.~+/=-]+/gi,
  /eyJ[\w-]{8,}\.[\w.-]+/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /([?&](?:sig|code|key|token)=)[^&\s"']+/gi,
  /(AccountKey|SharedAccessKey)=[^;\s"']+/gi,
] as const;

/**
 * The text without secrets: those that are known, and whatever looks like one. Nothing that is written or printed should
 * hold any; this is the net below.
 */
export function scrubbed(text: string, known: readonly string[] = []): string {
  const without = known
    .filter((secret) => secret.length >= 8)
    .reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  return SECRETS.reduce((rest, pattern) => rest.replace(pattern, '…'), without);
}
