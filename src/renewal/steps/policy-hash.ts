import { sha256Hex } from '../../certificate/fingerprint.ts';
import type { PolicyFacts } from '../../vault/port.ts';

/** What a gate was shown must still be what is ordered. */
export function policySha256(policy: PolicyFacts): string {
  const { dnsNames, emails, upns, ...rest } = policy;
  const names = [dnsNames, emails, upns].map((list) => [...list].sort());
  return sha256Hex(Buffer.from(JSON.stringify([names, Object.entries(rest).sort()])));
}
