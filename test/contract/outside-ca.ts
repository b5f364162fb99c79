import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { CertificateClient, CertificatePolicy } from '@azure/keyvault-certificates';
import { expect } from 'vitest';
import { extensions, signCertificate } from '../../local/transport/x509.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import type { Clock } from '../../src/clock.ts';
import { ecPolicy } from './vault-emulator-bench.ts';

const DAY = 86_400_000;

/** A CA outside a vault, and what whoever uses it does with the real client. */
export interface OutsideCa {
  readonly der: Buffer;
  issue(publicKey: KeyObject, commonName: string, days?: number): Buffer;
  /** Starts an operation and gives the CSR. The client's own poller would wait for the merge. */
  request(name: string, policy: CertificatePolicy, more?: object): Promise<Uint8Array>;
  /** Creates, issues and merges: a finished version, whose leaf this is. */
  make(name: string, policy?: CertificatePolicy, days?: number): Promise<Buffer>;
}

export const publicKeyOf = (csr: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(readCsr(csr).spki), format: 'der', type: 'spki' });

export function createOutsideCa(clock: Clock, certificates: () => CertificateClient): OutsideCa {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = [[{ type: '2.5.4.3', value: 'Test CA' }]];
  const caExtensions = [extensions.basicConstraints(true), extensions.keyUsage(['keyCertSign'])];
  const dates = { notBefore: clock.now(), notAfter: new Date(clock.now().getTime() + 3650 * DAY) };
  const der = signCertificate({
    subject: name,
    issuer: name,
    ...dates,
    publicKey,
    extensions: caExtensions,
    signer: key,
  });
  const ca: OutsideCa = {
    der,
    issue: (publicKey, commonName, days = 90) =>
      signCertificate({
        subject: [[{ type: '2.5.4.3', value: commonName }]],
        issuer: name,
        notBefore: clock.now(),
        notAfter: new Date(clock.now().getTime() + days * DAY),
        publicKey,
        extensions: [
          extensions.keyUsage(['digitalSignature']),
          extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
          extensions.alternativeNames({ dns: [commonName] }),
        ],
        signer: key,
      }),
    async request(name, policy, more = {}) {
      await certificates().beginCreateCertificate(name, policy, { ...more, intervalInMs: 1 });
      const poller = await certificates().getCertificateOperation(name, { intervalInMs: 1 });
      return poller.getOperationState().certificateOperation?.csr ?? expect.unreachable('no CSR');
    },
    async make(name, policy = ecPolicy(`CN=${name}`), days = 90) {
      const leaf = ca.issue(publicKeyOf(await ca.request(name, policy)), name, days);
      await certificates().mergeCertificate(name, [leaf, der]);
      return leaf;
    },
  };
  return ca;
}
