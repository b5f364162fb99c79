import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
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

/** `prepare`: what was so before the first run. */
export async function openSmokeBench(
  seed: number,
  prepare: (ground: SmokeGround) => Promise<unknown> = async () => undefined,
): Promise<SmokeBench> {
  const directory = await mkdtemp(join(tmpdir(), 'smoke-bench-'));
  const ground = await openSmokeGround({ directory, seed, hostEntry: resolve('dist/local/host.mjs') });
  await prepare(ground);
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
  const { vaults, group, identity } = stand.cloud;
  // A deletion shows only after a while: what was asked for shows at once.
  const asked = (action: string): number =>
    identity.demands.filter((one) => one.granted && one.action === `Microsoft.KeyVault/vaults/certificates/${action}`)
      .length;
  const listed = await askArm(stand, { path: `${group}/providers/Microsoft.Web/certificates` });
  return {
    estate: await estateText(),
    served: 'sent' in served ? served.sent.join() : served.reason,
    vaults: vaults.flatMap((vault) => vault.snapshot().map(({ name }) => name)).join(),
    notPurged: String(Math.max(0, asked('delete') - asked('purge/action'))),
    throwAway: [...listed.matchAll(new RegExp(`"name":"(${PREFIX}[^"]*)"`, 'g'))].map(([, name]) => name).join(),
  };
}

/** Asks Resource Manager as somebody who may. `fetch` trusts what the process was started with, and the stand's CA is made later. */
export async function askArm(
  { cloud }: SmokeGround['stand'],
  { path, body }: { readonly path: string; readonly body?: object },
): Promise<string> {
  const { identity, principals, urls, group, caFile } = cloud;
  const given = identity.assign(principals.operator.id, { scope: group, actions: ['Microsoft.Web/*'] });
  const token = identity.issueToken(principals.operator, 'https://management.azure.com');
  const ca = await readFile(caFile, 'utf8');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const method = body === undefined ? 'GET' : 'PUT';
  try {
    return await new Promise((resolve, reject) => {
      const sent = request(`${urls.arm}${path}?api-version=2025-05-01`, { ca, headers, method }, (answer) => {
        text(answer).then(resolve, reject);
      });
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  } finally {
    identity.revoke(given);
  }
}

/** What was not as expected, in short. */
export function others({ checks }: Report): readonly (readonly [string, Judged['verdict'], string | undefined])[] {
  return checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict, saw }) => [id, verdict, saw]);
}
