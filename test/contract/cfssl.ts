import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Authority, createAuthority } from '../../local/pki.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { freePorts } from '../builders/free-ports.ts';
import { AUTH_KEY } from './cfssl-bench.ts';
import { ended, untilItAnswers } from './foreign-program.ts';

export interface Cfssl {
  readonly url: string;
  /** What its HTTPS is trusted by. */
  readonly caPem: string;
  readonly root: Authority;
  close(): Promise<void>;
}

/** As `goose` of cfssl makes it (certdb/sqlite/migrations), without a row. */
const DATABASE = fileURLToPath(new URL('../fixtures/cfssl/empty.sqlite', import.meta.url));

const configuration = {
  signing: {
    default: { expiry: '1h', usages: ['digital signature'], auth_key: 'renewer' },
    profiles: {
      tls: {
        ...{ expiry: '2160h', usages: ['digital signature', 'key encipherment', 'server auth'], auth_key: 'renewer' },
        name_whitelist: '(^|\\.)contoso\\.example$',
      },
      open: { expiry: '2160h', usages: ['digital signature', 'server auth'] },
    },
  },
  auth_keys: { renewer: { type: 'standard', key: AUTH_KEY } },
};

/** Whether Debian's `golang-cfssl` is on the PATH. */
export function isCfsslInstalled(): boolean {
  return spawnSync('cfssl', ['version'], { stdio: 'ignore' }).error === undefined;
}

/** Starts `cfssl serve` on a free port of loopback, with an issuing CA below a root and a database. */
export async function startCfssl(): Promise<Cfssl> {
  const folder = await mkdtemp(join(tmpdir(), 'cfssl-'));
  const now = Date.now();
  const life = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 3650 * 86_400_000) };
  const root = await createAuthority({ subject: 'CN=Real cfssl Root', ...life });
  const issuing = await createAuthority({ subject: 'CN=Real cfssl Issuing CA', ...life, parent: root });
  const transport = createTransportCa();
  const { key, cert } = transport.issue();
  const files = {
    'ca.pem': issuing.pem,
    'ca-key.pem': issuing.keys.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'tls.pem': cert,
    'tls-key.pem': key,
    'config.json': JSON.stringify(configuration),
    'db.json': JSON.stringify({ driver: 'sqlite3', data_source: join(folder, 'certificates.sqlite') }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await copyFile(DATABASE, join(folder, 'certificates.sqlite'));
  const [port = 0] = await freePorts(1);
  const child = launch(folder, port);
  const close = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers({ name: 'cfssl', child }, () => connects(port));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `https://localhost:${port}`, caPem: transport.caPem, root, close };
}

function launch(folder: string, port: number): ChildProcess {
  const ca = ['-ca', 'ca.pem', '-ca-key', 'ca-key.pem', '-config', 'config.json', '-db-config', 'db.json'];
  const tls = ['-tls-cert', 'tls.pem', '-tls-key', 'tls-key.pem'];
  return spawn('cfssl', ['serve', '-address', '127.0.0.1', '-port', String(port), ...ca, ...tls], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function connects(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
