import { TableClient } from '@azure/data-tables';
import { readCsr } from '../../src/certificate/csr.ts';
import { newSerial, signatureAlgorithmOf, toBeSigned } from '../../src/certificate/issue.ts';
import type { Emulator, EmulatorResponse } from '../emulator.ts';
import { type Authority, createCsr, createKeys } from '../pki.ts';
import type { Seeded } from './scenarios.ts';

const DAY = 86_400_000;

/** Where the fault strikes, and with what. */
export interface WrongKeyFault {
  readonly victim: Seeded;
  readonly ca: () => Promise<Authority>;
  /** Connection string of the app's storage. */
  readonly storage: () => Promise<string>;
}

/**
 * Fault `issuer.wrong-key`: before the vault answers a certificate request, somebody has put another public key into
 * what the CA has on record to sign for it. The CA signs what is on record; the app must notice and merge nothing.
 */
export function withWrongKey(vault: Emulator, fault: WrongKeyFault): Emulator {
  return {
    async handle(request) {
      const response = await vault.handle(request);
      const isCreate =
        request.method === 'POST' && request.url.pathname.toLowerCase() === `/certificates/${fault.victim.name}/create`;
      if (isCreate && response.status === 202) await plant(response, fault);
      return response;
    },
  };
}

async function plant(response: EmulatorResponse, { victim, ca: findCa, storage }: WrongKeyFault): Promise<void> {
  const { csr: base64 } = JSON.parse(String(response.body)) as { csr: string };
  const asked = readCsr(Buffer.from(base64, 'base64'));
  const ca = await findCa();
  const keys = await createKeys('P-256');
  const other = readCsr(createCsr({ subject: asked.subject, names: asked.names, keys }));
  const serial = newSerial();
  const body = toBeSigned({
    csr: other,
    issuer: ca.details,
    serial,
    notBefore: new Date(Date.now() - 600_000),
    notAfter: new Date(Date.now() + 90 * DAY),
    signatureAlgorithm: signatureAlgorithmOf(ca.details),
  });
  const connection = await storage();
  const renewalId = await renewalOf(victim, connection);
  const key = `${asked.spkiSha256}-${renewalId}`;
  const issuances = TableClient.fromConnectionString(connection, 'issuances', { allowInsecureConnection: true });
  await issuances.createTable();
  const row = {
    schema: 1,
    key,
    renewalId,
    serial,
    toBeSigned: Buffer.from(body).toString('base64'),
    createdAt: new Date().toISOString(),
  };
  await issuances.createEntity({ partitionKey: key, rowKey: 'issuance', ...row });
}

async function renewalOf({ vaultName, name }: Seeded, connection: string): Promise<string> {
  const certificates = TableClient.fromConnectionString(connection, 'certificates', { allowInsecureConnection: true });
  const row = await certificates.getEntity<{ renewalId: string }>(vaultName.toLowerCase(), name.toLowerCase());
  return row.renewalId;
}
