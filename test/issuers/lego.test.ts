import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../local/clock.ts';
import { type DnsServer, startDnsServer } from '../../local/dns/server.ts';
import { type AcmeEmulator, createAcme } from '../../local/issuers/acme/acme.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { dersOf } from '../contract/acme-walk.ts';

/** An ACME client of others: what it does not stumble over, it does not as a favour. */
const isInstalled = spawnSync('lego', ['--version'], { stdio: 'ignore' }).error === undefined;

const secret = Buffer.from('a secret of thirty-two characters');

interface Run {
  readonly code: number | null;
  readonly said: string;
}

let folder: string;
let dns: DnsServer;
let acme: AcmeEmulator;
let listener: Listener;
const transport = createTransportCa();

/** What the hook below has written: `present` puts a record, `cleanup` takes it away. */
async function txt(name: string): Promise<readonly string[]> {
  try {
    return (await readFile(join(folder, 'zone', name), 'utf8')).split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

const hook = `#!/bin/sh
name="\${2%.}"
if [ "$1" = present ]; then printf '%s\\n' "$3" >> "$ZONE/$name"; else rm -f "$ZONE/$name"; fi
`;

function lego(options: readonly string[], command: readonly string[]): Promise<Run> {
  const env = {
    PATH: process.env.PATH,
    ZONE: join(folder, 'zone'),
    LEGO_CA_CERTIFICATES: join(folder, 'ca.pem'),
    EXEC_PATH: join(folder, 'hook.sh'),
    // Records of one name would overwrite each other elsewhere: lego waits between them.
    EXEC_SEQUENCE_INTERVAL: '1',
  };
  const server = [
    '--server',
    `${listener.url}/directory`,
    '--path',
    join(folder, 'lego'),
    '--email',
    'a@contoso.example',
  ];
  const challenge = ['--dns', 'exec', '--dns.disable-cp', '--dns.resolvers', dns.address];
  const account = ['--accept-tos', '--eab', '--kid', 'kid-1', '--hmac', secret.toString('base64url')];
  const child = spawn('lego', [...server, ...challenge, ...account, ...options, ...command], { env });
  return new Promise((resolve, reject) => {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said += bytes.toString('utf8');
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
  });
}

async function issuedFor(name: string): Promise<readonly X509Certificate[]> {
  const pem = await readFile(join(folder, 'lego', 'certificates', `${name}.crt`), 'utf8');
  return dersOf(pem).map((der) => new X509Certificate(der));
}

if (!isInstalled) {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: the ACME emulator with lego as its client: lego is not installed');
    expect(spawnSync('lego').error).toBeDefined();
  });
} else {
  describe('lego', () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lego-'));
      await mkdir(join(folder, 'zone'));
      await writeFile(join(folder, 'hook.sh'), hook, { mode: 0o755 });
      await writeFile(join(folder, 'ca.pem'), transport.caPem);
      dns = await startDnsServer(txt);
      const faults = [{ kind: 'bad-nonce', percent: 20 }] as const;
      acme = createAcme({ clock: systemClock, txt, faults, externalAccounts: { 'kid-1': secret } });
      listener = await serveEmulator(acme, { port: 0, tls: transport.issue() });
    });
    afterAll(async () => {
      await listener.close();
      await dns.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('opens an account, proves two names and a wildcard, and gets the usual chain', async () => {
      const domains = ['-d', 'www.contoso.example', '-d', 'contoso.example', '-d', '*.contoso.example'];
      const { code, said } = await lego(domains, ['run']);
      expect(code, said).toBe(0);
      const [leaf, , upper] = await issuedFor('www.contoso.example');
      expect(leaf?.subjectAltName?.split(', ').sort()).toEqual([
        'DNS:*.contoso.example',
        'DNS:contoso.example',
        'DNS:www.contoso.example',
      ]);
      const [root] = acme.roots().map((der) => new X509Certificate(der));
      expect(root && upper?.verify(root.publicKey)).toBe(true);
    });

    it('takes the alternate chain when it prefers that, for an RSA key', async () => {
      const wish = ['-d', 'rsa.contoso.example', '--key-type', 'rsa2048'];
      const { code, said } = await lego(wish, ['run', '--preferred-chain', 'Stand ACME Alternate Root']);
      expect(code, said).toBe(0);
      const [, , upper] = await issuedFor('rsa.contoso.example');
      const [, alternate] = acme.roots().map((der) => new X509Certificate(der));
      expect(alternate && upper?.verify(alternate.publicKey)).toBe(true);
    });

    it('revokes what it got', async () => {
      const { code, said } = await lego(['-d', 'www.contoso.example'], ['revoke']);
      expect(code, said).toBe(0);
      expect(acme.certificates().map(({ revoked }) => revoked !== undefined)).toEqual([true, false]);
    });

    it('reports a refused name in the words of the CA', async () => {
      acme.faults.add({ kind: 'caa', host: 'refused.contoso.example' });
      const { code, said } = await lego(['-d', 'refused.contoso.example'], ['run']);
      expect([code, said]).toEqual([
        1,
        expect.stringContaining('CAA record for refused.contoso.example prevents issuance'),
      ]);
    });
  });
}
