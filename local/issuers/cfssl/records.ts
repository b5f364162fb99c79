import { derToPem } from '../../../src/certificate/pem.ts';
import { CfsslError } from './answers.ts';
import type { CfsslServer } from './cfssl.ts';

type Body = Readonly<Record<string, unknown>>;

/** api/info: the certificate that signs. A CA that lies shows another one. */
export function info({ authorities, faults, profiles }: CfsslServer, { profile }: Body): object {
  const [issuing] = authorities.chains()[0] ?? [];
  const shown = faults.strike('missing-chain') ? authorities.roots()[1] : issuing;
  const { expirySeconds = 0 } = profiles[String(profile)] ?? profiles.default ?? {};
  const usages = ['digital signature', 'key encipherment', 'server auth'];
  return { certificate: derToPem(shown ?? Buffer.alloc(0)), usages, expiry: `${expirySeconds / 3600}h` };
}

/** ocsp.ReasonStringToCode, without those that no end entity has. */
const reasons: Readonly<Record<string, number>> = {
  unspecified: 0,
  keycompromise: 1,
  affiliationchanged: 3,
  superseded: 4,
  cessationofoperation: 5,
};

/** api/revoke: nobody is asked who he is. A certificate that was revoked before is revoked again. */
export function revoke({ certificates }: CfsslServer, { serial, authority_key_id, reason = '' }: Body): object {
  if (serial === undefined || serial === '') throw new CfsslError(400, 'serial number is required but not provided');
  const code = reason === '' ? 0 : reasons[String(reason).toLowerCase()];
  if (code === undefined) throw new CfsslError(400, 'Invalid reason code');
  const found = certificates.find((one) => one.serial === serial && one.authorityKeyId === authority_key_id);
  if (found === undefined) {
    throw new CfsslError(11_200, 'failed to revoke the certificate: certificate not found');
  }
  found.revoked = code;
  return {};
}
