import { SmokeError } from './errors.ts';
import { at, textAt } from './json.ts';
import { type Answer, accepted, isStand, type Rest, type RestCall } from './rest.ts';

/** Key Vault's own protocol, answers and refusals as they come. Paths are below the vault's URI. */
export interface VaultDoor {
  /** Without trailing slash. */
  readonly uri: string;
  ask(method: RestCall['method'], path: string, body?: unknown): Promise<Answer>;
  /** As `ask`; throws `SmokeError` for a refusal. */
  need(method: RestCall['method'], path: string, body?: unknown): Promise<Answer>;
}

/** The version that every member used here is in. */
const API_VERSION = '7.6';

/** Where a vault's token may go: the estate file could name any host. */
const DOMAIN = 'vault.azure.net';

export function createVaultDoor(rest: Rest, uri: string): VaultDoor {
  const origin = new URL(uri);
  if (!origin.hostname.toLowerCase().endsWith(`.${DOMAIN}`) && !isStand(origin))
    throw new SmokeError(`${origin.host}: is no host of Key Vault; mend the vault's uri in the estate file`);
  const scope = `https://${DOMAIN}/.default`;
  const requestOf = (method: RestCall['method'], path: string, body: unknown): RestCall => {
    const url = new URL(path, origin);
    url.searchParams.set('api-version', API_VERSION);
    return { method, url, scope, ...(body !== undefined && { body }) };
  };
  return {
    uri: origin.origin,
    ask: (method, path, body) => rest.call(requestOf(method, path, body)),
    async need(method, path, body) {
      const request = requestOf(method, path, body);
      return accepted(request, await rest.call(request));
    },
  };
}

/** What is asked of the vault for a certificate that somebody else signs. */
export interface CertificateWish {
  readonly name: string;
  readonly hostName: string;
  readonly keyType: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Body of Create Certificate: key and request are made in the vault, and nobody there signs. */
export function createBody({ hostName, keyType, tags }: CertificateWish): object {
  const [kind, size = ''] = keyType.split('-');
  const key = kind === 'RSA' ? { kty: 'RSA', key_size: Number(size) } : { kty: 'EC', crv: keyType };
  return {
    policy: {
      issuer: { name: 'Unknown' },
      key_props: { ...key, exportable: true, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        ...{ subject: `CN=${hostName}`, sans: { dns_names: [hostName] } },
        ...{ ekus: ['1.3.6.1.5.5.7.3.1'], validity_months: 3 },
      },
    },
    tags,
  };
}

/** The certificate itself (base64 DER) in an answer about a certificate; empty while there is no version. */
export function certificateIn(body: unknown): string {
  return textAt(body, 'cer');
}

/** Whether a name holds nothing: neither a certificate nor a deleted one. */
export async function isFree(vault: VaultDoor, name: string): Promise<boolean> {
  const found = await vault.ask('GET', `/certificates/${name}/`);
  const deleted = await vault.ask('GET', `/deletedcertificates/${name}`);
  return found.status === 404 && deleted.status !== 200;
}

/** Tags and state of a certificate, as `isThrowAway` wants them. */
export function belongings({ body }: Answer): { readonly tags: unknown; readonly hasVersion: boolean } {
  return { tags: at(body, 'tags'), hasVersion: certificateIn(body) !== '' };
}
