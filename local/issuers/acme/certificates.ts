import { createHash, X509Certificate } from 'node:crypto';
import { derToPem } from '../../../src/certificate/pem.ts';
import type { EmulatorResponse } from '../../emulator.ts';
import { isHeld } from './authorizations.ts';
import { accountOf, asGet, payloadOf, type SignedCall } from './call.ts';
import { fromBase64url } from './json.ts';
import { hostOf } from './names.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import type { Account, IssuedCertificate } from './records.ts';
import type { AcmeServer } from './settings.ts';

/** RFC 8555 7.4.2: PEM, leaf first, no root; other chains by link. */
export function downloadCertificate(server: AcmeServer, call: SignedCall): EmulatorResponse {
  asGet(call);
  const [id = '', number = '0'] = call.ids;
  const certificate = server.records.certificates.get(id);
  const chain = certificate?.chains[Number(number)];
  if (certificate === undefined || chain === undefined) throw malformed('Certificate not found', 404);
  if (certificate.account !== accountOf(call)) {
    throw unauthorized('Account authenticating request does not own certificate');
  }
  const others = certificate.chains.flatMap((_, index) =>
    index === Number(number) ? [] : [`<${call.places.certificate(id, index)}>;rel="alternate"`],
  );
  return {
    status: 200,
    headers: {
      'content-type': 'application/pem-certificate-chain; charset=utf-8',
      ...(others.length > 0 && { link: others.join(', ') }),
    },
    body: chain.map((der) => derToPem(der)).join('\n'),
  };
}

/** CRLReason of RFC 5280 5.3.1, as far as a subscriber may give one. */
const reasons: readonly unknown[] = [0, 1, 3, 4, 5];
const KEY_COMPROMISE = 1;

/** RFC 8555 7.6: by the account that ordered it, by one that holds all of its names, or by its own key. */
export function revokeCertificate(server: AcmeServer, call: SignedCall): EmulatorResponse {
  const wish = payloadOf(call);
  const der = fromBase64url(wish.certificate, 'the certificate');
  const certificate = [...server.records.certificates.values()].find(({ leaf }) => Buffer.from(leaf).equals(der));
  if (certificate === undefined) throw malformed('Unable to find specified certificate.');
  checkRevoker(server, call, certificate);
  const { reason = 0 } = wish;
  if (!reasons.includes(reason)) {
    throw new AcmeProblem('badRevocationReason', `Invalid revocation reason: ${JSON.stringify(reason)}`);
  }
  if (certificate.revoked !== undefined) {
    throw new AcmeProblem('alreadyRevoked', 'Certificate has already been revoked.');
  }
  certificate.revoked = { at: server.clock.now(), reason: Number(reason) };
  if (reason === KEY_COMPROMISE) server.records.blockedKeys.add(keyHash(der));
  return { status: 200, headers: {} };
}

function checkRevoker(server: AcmeServer, { account, key }: SignedCall, certificate: IssuedCertificate): void {
  if (account === undefined) {
    const own = new X509Certificate(certificate.leaf).publicKey;
    if (own.equals(key.key)) return;
    throw unauthorized('JWK embedded in revocation request must be the same public key as the cert to be revoked');
  }
  if (certificate.account === account || holdsNames(server, account, certificate)) return;
  throw unauthorized(`The certificate being revoked is not associated with account "${account.id}"`);
}

function holdsNames(server: AcmeServer, account: Account, { identifiers }: IssuedCertificate): boolean {
  const now = server.clock.now();
  const held = [...server.records.authorizations.values()].filter((one) => one.account === account && isHeld(one, now));
  return identifiers.every(({ value }) =>
    held.some(({ host, isWildcard }) => host === hostOf(value) && isWildcard === value.startsWith('*.')),
  );
}

function keyHash(der: Uint8Array): string {
  const spki = new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}
