import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../../local/pki.ts';
import { clock } from '../../src/clock.ts';
import { thumbprint } from '../../src/issuers/acme-jws.ts';
import { createIssuerHttp } from '../../src/issuers/http.ts';
import { freePorts } from '../builders/free-ports.ts';
import { createMemoryKey } from '../builders/memory-key.ts';
import { ended, untilItAnswers } from './foreign-program.ts';
import { DOMAIN, PROVISIONER, type StepCaAt } from './step-ca-bench.ts';

export interface StepCa extends StepCaAt {
  close(): Promise<void>;
}

export type Program = { readonly path: string } | { readonly missing: string };

const MODULE = 'github.com/smallstep/certificates/cmd/step-ca@v0.30.2';
const CACHE = fileURLToPath(
  new URL(`../../node_modules/.cache/perennial/${MODULE.replace(/\W+/g, '-')}`, import.meta.url),
);
/** Two minutes on two busy cores, with an empty cache of modules. */
const MOST_BUILD_MILLISECONDS = 180_000;

/** Where step-ca is: on the PATH, built before, or built now by Go's toolchain; else why it is nowhere. */
export function stepCaProgram(): Program {
  if (spawnSync('step-ca', ['version'], { stdio: 'ignore' }).error === undefined) return { path: 'step-ca' };
  const path = join(CACHE, 'step-ca');
  if (existsSync(path)) return { path };
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).error !== undefined) {
    return { missing: 'neither step-ca nor go is installed' };
  }
  mkdirSync(CACHE, { recursive: true });
  const env = { ...process.env, GOBIN: CACHE, GOFLAGS: '', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
  const built = spawnSync('go', ['install', MODULE], { env, timeout: MOST_BUILD_MILLISECONDS, encoding: 'utf8' });
  if (built.status === 0 && existsSync(path)) return { path };
  const said = built.error?.message ?? built.stderr.trim().split('\n').at(-1) ?? '';
  return { missing: `go install ${MODULE} failed: ${said.slice(0, 200)}` };
}

/** Starts it on a free port of loopback, with an issuing CA below a root, a JWK provisioner and a policy for names. */
export async function startStepCa(program: string): Promise<StepCa> {
  const folder = await mkdtemp(join(tmpdir(), 'step-ca-'));
  const now = Date.now();
  const life = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 3650 * 86_400_000) };
  const root = await createAuthority({ subject: 'CN=Real step-ca Root', ...life });
  const issuing = await createAuthority({ subject: 'CN=Real step-ca Issuing CA', ...life, parent: root });
  const key = createMemoryKey();
  const { jwk } = await key.newest();
  const [port = 0] = await freePorts(1);
  const claims = { maxTLSCertDuration: '2160h', defaultTLSCertDuration: '24h', minTLSCertDuration: '5m' };
  const provisioner = {
    ...{ type: 'JWK', name: PROVISIONER, claims },
    key: { ...jwk, use: 'sig', alg: 'ES256', kid: thumbprint(jwk) },
  };
  const policy = { x509: { allow: { dns: [DOMAIN, `*.${DOMAIN}`] }, allowWildcardNames: true } };
  const files = {
    'root.pem': root.pem,
    'ca.pem': issuing.pem,
    'ca-key.pem': issuing.keys.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    'ca.json': JSON.stringify({
      ...{ root: 'root.pem', crt: 'ca.pem', key: 'ca-key.pem', address: `127.0.0.1:${port}` },
      ...{ dnsNames: ['localhost', '127.0.0.1'], logger: { format: 'text' } },
      db: { type: 'badgerv2', dataSource: 'db' },
      authority: { policy, provisioners: [provisioner] },
    }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const url = `https://localhost:${port}`;
  const child = launch(program, folder);
  const close = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const http = createIssuerHttp({ issuer: 'test', clock, trust: [root.pem], mayConnect: () => true });
    await untilItAnswers({ name: 'step-ca', child }, () => http.send({ method: 'GET', url: `${url}/health` }));
  } catch (error) {
    await close();
    throw error;
  }
  return { url, trust: root.pem, root: root.pem, key, clock, close };
}

function launch(program: string, cwd: string): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: cwd, STEPPATH: cwd };
  return spawn(program, ['ca.json'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}
