import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readCsr } from '../../src/certificate/csr.ts';
import type { AlternativeNames, CsrDetails, RelativeName } from '../../src/certificate/types.ts';
import { extensions, signCertificate } from '../transport/x509.ts';
import type { Chance } from './chance.ts';
import { addMonths } from './csr.ts';
import type { KeyPool } from './keys.ts';
import type { PartnerAnswer, PartnerRequest, Provider } from './provider.ts';

/** A partner's public CA, all in memory. */
export interface PartnerCa {
  readonly provider: Provider;
  /** DERs of the root and of the issuing CA. Made at the first question. */
  authorities(now: Date): { readonly root: Buffer; readonly issuing: Buffer };
}

export interface PartnerCaOptions {
  readonly chance: Chance;
  readonly keyPool?: KeyPool | undefined;
  /** In the recordings a partner answered after a little more than this. */
  readonly issueSeconds?: number;
}

const ISSUE_SECONDS = 20;
const HOUR = 3_600_000;
const COMMON_NAME = '2.5.4.3';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

interface Authority {
  readonly name: readonly RelativeName[];
  readonly key: KeyObject;
  readonly der: Buffer;
}

export function createPartnerCa({ chance, keyPool, issueSeconds = ISSUE_SECONDS }: PartnerCaOptions): PartnerCa {
  let made: { root: Authority; issuing: Authority } | undefined;
  const authorities = (now: Date): { root: Authority; issuing: Authority } => {
    if (made !== undefined) return made;
    const root = makeAuthority('Stand Partner Root', { chance, keyPool, now });
    made = { root, issuing: makeAuthority('Stand Partner Issuing CA', { chance, keyPool, now, parent: root }) };
    return made;
  };
  return {
    provider: (_account, csr, request) => {
      const waited = (request.now.getTime() - request.submittedAt.getTime()) / 1000;
      if (waited < issueSeconds) return { state: 'pending', retryAfterSeconds: Math.ceil(issueSeconds - waited) };
      return issue(authorities(request.now).issuing, { csr, request, chance });
    },
    authorities(now) {
      const { root, issuing } = authorities(now);
      return { root: root.der, issuing: issuing.der };
    },
  };
}

interface NewAuthority {
  readonly chance: Chance;
  readonly keyPool: KeyPool | undefined;
  readonly now: Date;
  readonly parent?: Authority;
}

function makeAuthority(commonName: string, { chance, keyPool, now, parent }: NewAuthority): Authority {
  const key = keyPool?.take('P-256') ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  const name = [[{ type: COMMON_NAME, value: commonName }]];
  const publicKey = createPublicKey(key);
  const signer = parent ?? { name, key };
  const der = signCertificate({
    subject: name,
    issuer: signer.name,
    notBefore: new Date(now.getTime() - HOUR),
    notAfter: addMonths(now, parent === undefined ? 240 : 120),
    publicKey,
    extensions: [
      extensions.basicConstraints(true),
      extensions.keyUsage(['keyCertSign', 'cRLSign']),
      extensions.subjectKeyId(publicKey),
      extensions.authorityKeyId(createPublicKey(signer.key)),
    ],
    signer: signer.key,
    sign: chance.sign,
    serial: chance.serial(),
  });
  return { name, key, der };
}

/** Certifies what the request asks for, as a partner does that has checked domains and organisation long ago. */
function issue(
  authority: Authority,
  order: { csr: Uint8Array; request: PartnerRequest; chance: Chance },
): PartnerAnswer {
  const { csr, request, chance } = order;
  const asked = readCsr(csr);
  const publicKey = createPublicKey({ key: Buffer.from(asked.spki), format: 'der', type: 'spki' });
  const leaf = signCertificate({
    subject: asked.subject,
    issuer: authority.name,
    notBefore: new Date(request.now.getTime() - HOUR),
    notAfter: addMonths(request.now, request.validityMonths),
    publicKey,
    extensions: [
      extensions.basicConstraints(false),
      extensions.keyUsage(usagesFor(asked)),
      extensions.extendedKeyUsage(asked.extendedKeyUsage.length === 0 ? [SERVER_AUTH] : asked.extendedKeyUsage),
      extensions.alternativeNames(namesFor(asked)),
      extensions.subjectKeyId(publicKey),
      extensions.authorityKeyId(createPublicKey(authority.key)),
    ],
    signer: authority.key,
    sign: chance.sign,
    serial: chance.serial(),
  });
  return { state: 'issued', chain: [leaf, authority.der] };
}

/** Public CAs certify no common name that is not among the alternative names. */
function namesFor({ names, subject }: CsrDetails): Partial<AlternativeNames> {
  if (Object.values(names).flat().length > 0) return names;
  return { dns: subject.flat().flatMap(({ type, value }) => (type === COMMON_NAME ? [value] : [])) };
}

const usagesFor = ({ keyType }: CsrDetails) =>
  keyType.startsWith('RSA') ? (['digitalSignature', 'keyEncipherment'] as const) : (['digitalSignature'] as const);
