import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../local/clock.ts';
import { createEst, type EstEmulator } from '../../local/issuers/est/est.ts';
import { createCsr, createKeys } from '../../local/pki.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { derToPem, pemToDer } from '../../src/certificate/pem.ts';
import type { KeyType } from '../../src/certificate/types.ts';

/** An EST client of others: what it does not stumble over, it does not as a favour. */
const isInstalled = spawnSync('pki', ['--help'], { stdio: 'ignore' }).error === undefined;

interface Run {
  readonly code: number | null;
  readonly said: string;
  /** What it wrote to standard output. */
  readonly wrote: string;
}

let folder: string;
let est: EstEmulator;
let listener: Listener;
const transport = createTransportCa();

function pki(...args: readonly string[]): Promise<Run> {
  const child = spawn('pki', args);
  return new Promise((resolve, reject) => {
    let said = '';
    let wrote = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString('utf8');
    });
    child.stdout.on('data', (bytes: Buffer) => {
      wrote += bytes.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said: said + wrote, wrote }));
  });
}

/** Writes a CSR, and has it enrolled by a client that believes these authorities. */
async function enroll(
  name: string,
  { keyType = 'P-256', more = [] }: { readonly keyType?: KeyType; readonly more?: readonly string[] } = {},
): Promise<Run & { readonly spki: Uint8Array }> {
  const keys = await createKeys(keyType);
  const csr = join(folder, `${name}.der`);
  await writeFile(csr, createCsr({ subject: `CN=${name}`, names: { dns: [name] }, keys }));
  const vouching = ['transport.pem', 'authority-0.pem', 'authority-1.pem', 'authority-2.pem'];
  const trust = vouching.flatMap((file) => ['--cacert', join(folder, file)]);
  const access = more.includes('--userpass') ? [] : ['--userpass', 'renewer:right'];
  const polling = ['--interval', '1', '--maxpolltime', '15', '--outform', 'pem'];
  const run = await pki('--est', '--url', listener.url, '--in', csr, ...trust, ...access, ...polling, ...more);
  return { ...run, spki: keys.spki };
}

/** Makes a request wait until the client has asked so many times. */
function heldFor(asks: number): void {
  est.faults.add({ kind: 'held', times: asks });
}

if (!isInstalled) {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: the EST emulator with strongSwan as its client: pki is not installed');
    expect(spawnSync('pki').error).toBeDefined();
  });
} else {
  describe("strongSwan's EST client", () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'strongswan-'));
      est = createEst({
        clock: systemClock,
        users: { renewer: 'right' },
        suffixes: ['contoso.example'],
        retrySeconds: 1,
      });
      listener = await serveEmulator(est, { port: 0, tls: transport.issue(), clientCa: transport.caPem });
      await writeFile(join(folder, 'transport.pem'), transport.caPem);
      for (const [at, der] of (await authorities()).entries()) {
        await writeFile(join(folder, `authority-${at}.pem`), derToPem(der));
      }
    });
    afterAll(async () => {
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('reads the authorities', async () => {
      const out = join(folder, 'ca.pem');
      const trust = ['--cacert', join(folder, 'transport.pem')];
      const run = await pki('--estca', '--url', listener.url, ...trust, '--caout', out, '--outform', 'pem');
      expect(run.code, run.said).toBe(0);
      const written = (await readdir(folder)).filter((file) => file.startsWith('ca') && file.endsWith('.pem'));
      const subjects = await Promise.all(
        written.map(async (file) => new X509Certificate(await readFile(join(folder, file))).subject),
      );
      expect(subjects.sort()).toEqual(['CN=Stand EST Intermediate', 'CN=Stand EST Issuing CA', 'CN=Stand EST Root']);
    });

    it.each(['RSA-2048', 'P-256', 'P-384'] as const)('gets a certificate for a key of %s', async (keyType) => {
      const name = `${keyType.toLowerCase()}.contoso.example`;
      const run = await enroll(name, { keyType });
      expect(run.code, run.said).toBe(0);
      const leaf = new X509Certificate(run.wrote.slice(run.wrote.indexOf('-----BEGIN')));
      expect(leaf.subjectAltName).toBe(`DNS:${name}`);
      expect(leaf.publicKey.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(run.spki));
    });

    it('waits as long as it is told to, and gets it then', async () => {
      heldFor(2);
      const before = est.certificates().length;
      const run = await enroll('patient.contoso.example');
      expect(run.code, run.said).toBe(0);
      expect(est.certificates()).toHaveLength(before + 1);
    });

    it('is sent away with a wrong password', async () => {
      const before = est.certificates().length;
      const run = await enroll('stranger.contoso.example', { more: ['--userpass', 'renewer:wrong'] });
      expect(run.code, run.said).not.toBe(0);
      expect(run.said).toMatch(/401|unauthori[sz]ed/i);
      expect(est.certificates()).toHaveLength(before);
    });

    it('is refused a name of others', async () => {
      const run = await enroll('shop.fabrikam.example');
      expect(run.code, run.said).not.toBe(0);
      expect(run.said).toMatch(/400|bad request/i);
    });

    it('does not speak to a server of another CA', async () => {
      const other = await serveEmulator(est, { port: 0, tls: createTransportCa().issue() });
      try {
        const trust = ['--cacert', join(folder, 'transport.pem')];
        const run = await pki('--estca', '--url', other.url, ...trust, '--caout', join(folder, 'none.pem'));
        expect(run.code, run.said).not.toBe(0);
        expect(run.said).toMatch(/trust|certificate|failed/i);
      } finally {
        await other.close();
      }
    });
  });
}

/** DERs of the CAs from the issuing one to the root: the client wants to have them all, and an answer holds the leaf alone. */
async function authorities(): Promise<readonly Uint8Array[]> {
  const url = new URL('https://localhost/.well-known/est/cacerts');
  const { body = '' } = await est.handle({ method: 'GET', url, headers: {}, body: new Uint8Array() });
  return pemToDer(body);
}
