import {
  type Authority,
  type CertificateWish,
  certify,
  createAuthority,
  createCsr,
  createKeys,
  type Keys,
  type MadeCertificate,
} from '../../local/pki.ts';
import type { AcceptanceRequest } from '../../src/certificate/acceptance-rules.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import type { CsrDetails } from '../../src/certificate/types.ts';

/** The moment that all builders stand around. */
export const now = new Date('2026-03-01T12:00:00Z');

export function days(count: number): Date {
  return new Date(now.getTime() + count * 86_400_000);
}

const subject = 'CN=www.contoso.example, O=Contoso, C=GB';
const names = { dns: ['www.contoso.example', 'api.contoso.example'] };

/** A root, an intermediate below it, a request, and whatever certificates a test asks for. */
export interface World {
  readonly root: Authority;
  readonly intermediate: Authority;
  readonly keys: Keys;
  readonly csr: CsrDetails;
  /** The certificate that an honest issuer answers with; `wish` makes it less honest. */
  leaf(
    wish?: Partial<CertificateWish> & { readonly authority?: Authority; readonly spki?: Uint8Array },
  ): MadeCertificate;
  /** The version that is in use now. */
  readonly old: MadeCertificate;
  /** What acceptance is asked; the honest leaf and its intermediate when nothing else is said. */
  request(changes?: Partial<AcceptanceRequest>): AcceptanceRequest;
}

export async function aWorld(keyType: Keys['keyType'] = 'P-256'): Promise<World> {
  const root = await anAuthority('CN=Contoso Root, O=Contoso');
  const intermediate = await anAuthority('CN=Contoso Issuing, O=Contoso', { parent: root });
  const keys = await createKeys(keyType);
  const csr = readCsr(createCsr({ subject, names, keys }));
  const leaf: World['leaf'] = ({ authority = intermediate, spki = keys.spki, ...wish } = {}) =>
    certify(authority, { subject, names, notBefore: days(0), notAfter: days(90), ...wish, spki });
  const old = leaf({ notBefore: days(-60), notAfter: days(30), spki: (await createKeys('P-256')).spki });
  const answer = base64([leaf().der, intermediate.der]);
  const request: World['request'] = (changes) => ({
    answer,
    csr,
    profile: { validityDays: 90, minimumDays: 30, maximumDays: 90, keys: ['P-256', 'P-384', 'RSA-2048'] },
    roots: [root.der],
    now,
    knownSerials: [],
    startReason: 'sweep',
    ...changes,
  });
  return { root, intermediate, keys, csr, leaf, old, request };
}

/** An authority that is valid from ten years before to ten years after `now`. */
export function anAuthority(
  name: string,
  wish: Partial<Parameters<typeof createAuthority>[0]> = {},
): Promise<Authority> {
  return createAuthority({ subject: name, notBefore: days(-3650), notAfter: days(3650), ...wish });
}

export function base64(ders: readonly Uint8Array[]): string[] {
  return ders.map((der) => Buffer.from(der).toString('base64'));
}
