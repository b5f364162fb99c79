import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateClient } from '@azure/keyvault-certificates';
import { clientOptions, type VaultConnection } from '../../src/vault/connection.ts';
import { type Batch, inFlight } from '../pipeline/batch.ts';
import { certificateName, DOMAIN } from './order.ts';

export interface Lego {
  run(names: readonly string[], atOnce: number): Promise<Batch>;
  close(): Promise<void>;
}

export const isLegoInstalled = (): boolean => spawnSync('lego', ['--version'], { stdio: 'ignore' }).error === undefined;

/** Debian's lego: a process for each certificate, all with one account; what it has got is imported into the vault. */
export async function startLego(ground: {
  readonly directory: string;
  readonly trust: string;
  readonly vault: string;
  readonly connection: VaultConnection;
}): Promise<Lego> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-lego-'));
  await writeFile(join(folder, 'ca.pem'), ground.trust);
  // Validation is off: nobody looks for a record.
  await writeFile(join(folder, 'hook.sh'), '#!/bin/sh\ntrue\n', { mode: 0o755 });
  const vault = new CertificateClient(ground.vault, ground.connection.credential, {
    ...clientOptions(ground.connection, ground.vault),
  });
  const env = {
    PATH: process.env.PATH,
    LEGO_CA_CERTIFICATES: join(folder, 'ca.pem'),
    EXEC_PATH: join(folder, 'hook.sh'),
    // It waits between the records of one process.
    EXEC_SEQUENCE_INTERVAL: '0',
    EXEC_PROPAGATION_TIMEOUT: '1',
    EXEC_POLLING_INTERVAL: '1',
  };
  const certify = async (name: string): Promise<void> => {
    await run(env, ['--server', ground.directory, '--path', join(folder, 'lego'), '-d', name]);
    const [key, chain] = await Promise.all(
      ['key', 'crt'].map((ending) => readFile(join(folder, 'lego', 'certificates', `${name}.${ending}`), 'utf8')),
    );
    const pkcs8 = createPrivateKey(key ?? '').export({ type: 'pkcs8', format: 'pem' });
    const policy = { contentType: 'application/x-pem-file', issuerName: 'Unknown' } as const;
    await vault.importCertificate(certificateName(name, 'lego'), Buffer.from(`${pkcs8}${chain}`), { policy });
  };
  // The account, which others of its processes find on the disk.
  await certify(`first.${DOMAIN}`);
  return {
    async run(names, atOnce) {
      const others: string[] = [];
      const begun = performance.now();
      await inFlight(names, atOnce, async (name) => {
        await certify(name).catch((error: unknown) => others.push(`${name}: ${String(error)}`));
      });
      return { milliseconds: performance.now() - begun, others };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

const usual = ['--accept-tos', '--email', 'a@contoso.example', '--key-type', 'ec256'];
const challenge = ['--dns', 'exec', '--dns.disable-cp'];

function run(env: NodeJS.ProcessEnv, options: readonly string[]): Promise<void> {
  const child = spawn('lego', [...usual, ...challenge, ...options, 'run'], { env });
  return new Promise((resolve, reject) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said = (said + bytes.toString('utf8')).slice(-500);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new TypeError(`lego ended with ${code}: ${said}`))));
  });
}
