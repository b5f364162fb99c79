import { createHmac, timingSafeEqual } from 'node:crypto';
import { derToPem } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { certifyAt } from '../certify.ts';
import { readSubmittedCsr } from '../submitted-csr.ts';
import { CfsslError, objectIn } from './answers.ts';
import type { CfsslProfile, CfsslServer } from './cfssl.ts';

type Body = Readonly<Record<string, unknown>>;

const BACKDATED_MILLISECONDS = 5 * 60_000;

/** api/signhandler: whoever asks a profile that needs no token. */
export function sign(server: CfsslServer, body: Body): Promise<object> {
  const profile = profileFor(server, body);
  if (profile.isAuthenticated) throw new CfsslError(400, 'authentication required');
  return issue(server, body, profile);
}

/** api/signhandler: the request in base64, and the HMAC of its bytes. */
export function authsign(server: CfsslServer, { token, request }: Body): Promise<object> {
  const bytes = Buffer.from(typeof request === 'string' ? request : '', 'base64');
  const body = objectIn(bytes.toString('utf8'));
  const profile = profileFor(server, body);
  if (!profile.isAuthenticated) throw new CfsslError(400, 'no authentication provider');
  const expected = createHmac('sha256', server.authKey).update(bytes).digest();
  const given = Buffer.from(typeof token === 'string' ? token : '', 'base64');
  const isRight = given.length === expected.length && timingSafeEqual(given, expected);
  if (!isRight || server.faults.strike('credentials-refused')) throw new CfsslError(400, 'invalid token');
  return issue(server, body, profile);
}

/** An unknown profile is the default one, as in cfssl. */
function profileFor({ profiles }: CfsslServer, { profile }: Body): CfsslProfile {
  const name = typeof profile === 'string' && Object.hasOwn(profiles, profile) ? profile : 'default';
  const found = profiles[name];
  if (found === undefined) throw new CfsslError(5200, 'Invalid policy: no valid policy');
  return found;
}

async function issue(server: CfsslServer, body: Body, profile: CfsslProfile): Promise<object> {
  const { certificate_request: pem, hosts } = body;
  if (pem === undefined || pem === '') throw new CfsslError(400, "missing parameter 'certificate_request'");
  const submitted = await readSubmittedCsr(pem);
  if (submitted.state === 'no-pem') throw new CfsslError(9002, 'CSR Decode failed');
  if (submitted.state === 'unreadable') throw new CfsslError(9003, submitted.detail);
  if (submitted.state === 'forged') throw new CfsslError(9300, 'x509: ECDSA verification failure');
  const { csr, commonName } = submitted;
  const wished = Array.isArray(hosts) ? hosts.map(String) : [];
  const names = wished.length > 0 ? wished : submitted.names;
  const { nameWhitelist } = profile;
  const judged = commonName === undefined ? names : [commonName, ...names];
  const isOutside = nameWhitelist !== undefined && judged.some((name) => !nameWhitelist.test(name));
  if (isOutside || server.faults.strike('rejected', names)) {
    throw new CfsslError(5500, 'Request does not match policy whitelist');
  }
  const now = Math.floor(server.clock.now().getTime() / 60_000) * 60_000 - BACKDATED_MILLISECONDS;
  const life = { notBefore: new Date(now), notAfter: new Date(now + profile.expirySeconds * 1000) };
  const { der } = certifyAt(server, { spki: csr.spki, names, commonName, ...life });
  const { serial, authorityKeyId = '' } = readCertificate(der);
  server.certificates.push({ der, serial: BigInt(`0x${serial}`).toString(), authorityKeyId });
  return { certificate: derToPem(der) };
}
