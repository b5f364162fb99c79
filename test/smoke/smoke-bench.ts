import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openSmokeGround, type SmokeGround } from '../../local/stand/smoke-ground.ts';
import { PREFIX } from '../../smoke/names.ts';
import type { Judged, Report } from '../../smoke/report.ts';
import { look } from '../../smoke/served.ts';
import { type Program, startProgram } from '../e2e/program.ts';

/** The stand as a deployment, and `npm run smoke` as a process of its own. */
export interface SmokeBench extends SmokeGround {
  start(...args: readonly string[]): Program;
  report(): Promise<Report>;
  /** Everything that a run could have left: empty when all is as it was before the first one. */
  leftovers(): Promise<readonly string[]>;
}

export async function openSmokeBench(seed: number): Promise<SmokeBench> {
  const directory = await mkdtemp(join(tmpdir(), 'smoke-bench-'));
  const ground = await openSmokeGround({ directory, seed, hostEntry: resolve('dist/local/host.mjs') });
  const ledgers = join(directory, 'ledgers');
  const file = join(directory, 'report.json');
  const own = ['--config', ground.configFile, '--directory', ledgers, '--report', file];
  const before = await stateOf(ground);
  return {
    ...ground,
    start: (...args) => startProgram('dist/local/smoke.mjs', [...own, ...args], process.execPath, ground.environment),
    report: async () => JSON.parse(await readFile(file, 'utf8')) as Report,
    async leftovers() {
      const now = await stateOf(ground);
      const changed = Object.entries(now).filter(([name, value]) => value !== before[name]);
      const kept = existsSync(ledgers) ? readdirSync(ledgers) : [];
      return [...changed.map(([name, value]) => `${name}: ${value}`), ...kept];
    },
    async close() {
      await ground.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The estate file to the letter, what the site serves, and everything in vaults and App Service that a run may have made. */
async function stateOf({ stand, neighbour, estateText }: SmokeGround): Promise<Record<string, string>> {
  const { port, hostName } = stand.siteOf(neighbour, 0);
  const served = await look({ host: '127.0.0.1', port, sni: hostName });
  const { identity, vaults, urls, group, principals } = stand.cloud;
  const scope = group.split('/').slice(0, 3).join('/');
  const given = identity.assign(principals.operator.id, { scope, actions: ['Microsoft.Web/certificates/read'] });
  const token = identity.issueToken(principals.operator, 'https://management.azure.com');
  const url = `${urls.arm}${group}/providers/Microsoft.Web/certificates?api-version=2025-05-01`;
  const listed = await askTrusting(url, token, await readFile(stand.cloud.caFile, 'utf8'));
  identity.revoke(given);
  return {
    estate: await estateText(),
    served: 'sent' in served ? served.sent.join() : served.reason,
    vaults: vaults.flatMap((vault) => vault.snapshot().map(({ name }) => name)).join(),
    throwAway: [...listed.matchAll(new RegExp(`"name":"(${PREFIX}[^"]*)"`, 'g'))].map(([, name]) => name).join(),
  };
}

/** `fetch` trusts what the process was started with, and the stand's CA is made later. */
async function askTrusting(url: string, token: string, ca: string): Promise<string> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      let text = '';
      answer.on('data', (bytes: Buffer) => {
        text += String(bytes);
      });
      answer.once('end', () => resolve(text));
    });
    sent.once('error', reject);
    sent.end();
  });
}

/** What was not as expected, in short. */
export function others({ checks }: Report): readonly (readonly [string, Judged['verdict'], string | undefined])[] {
  return checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict, saw }) => [id, verdict, saw]);
}
