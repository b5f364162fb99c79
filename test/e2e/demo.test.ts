import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { placeKinds } from '../../local/stand/places/stories.ts';
import type { RenewalReport, Report, TargetReport } from '../../local/stand/report.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { isAlive, type Program, runProgram, startProgram } from './program.ts';

const START = 'dist/local/start.mjs';
/** The stand, its Azurite, the host and its worker. */
const CHILDREN = 3;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Everything apart: any free ports, files in a folder of the run. */
function args(run: string, ...more: string[]): string[] {
  const places = ['--directory', join(folder, run, 'stand'), '--settings', join(folder, `${run}.settings.json`)];
  return ['--port', '0', '--base-port', '0', ...places, '--report', reportFile(run), ...more];
}

const reportFile = (run: string): string => join(folder, `${run}.json`);
const readReport = async (run: string): Promise<Report> =>
  JSON.parse(await readFile(reportFile(run), 'utf8')) as Report;

async function childrenOf(program: Program): Promise<readonly number[]> {
  await program.says(/^The app is up/);
  const children = program.children();
  expect(children).toHaveLength(CHILDREN);
  return children;
}

async function areGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 5000, interval: 50 });
}

function problemOf(one: RenewalReport): object {
  return { certificate: one.certificate, outcome: one.outcome, reason: one.outcomeReason, problem: one.problem };
}

describe('npm start -- --once', () => {
  let report: Report;
  beforeAll(async () => {
    await writeFile(
      join(folder, 'plain.settings.json'),
      JSON.stringify({ Values: { MINE: 'stays' }, Host: { CORS: '*' } }),
    );
    await mkdir(join(folder, 'plain', 'stand', 'host'), { recursive: true });
    await writeFile(join(folder, 'plain', 'stand', 'host', 'notes.txt'), 'mine');
    const program = startProgram(START, args('plain', '--once', '--seed', '2'));
    const children = await childrenOf(program);
    expect(await program.ended, program.lines.join('\n')).toBe(0);
    await areGone(children);
    report = await readReport('plain');
  });

  it('brings every certificate of both vaults to its end', () => {
    expect(report.renewals.filter((one) => one.problem !== undefined).map(problemOf)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.renewals.length).toBeGreaterThanOrEqual(10);
    expect(new Set(report.renewals.map(({ vault }) => vault)).size).toBe(2);
    expect(report.seconds).toBeLessThan(60);
  });

  it.each([
    ['renewed', 18],
    ['refused', 2],
    ['not-needed', 1],
  ])('ends as %s %i times', (outcome, count) => {
    expect(report.renewals.filter((one) => one.outcome === outcome)).toHaveLength(count);
  });

  it('leaves alone what somebody else keeps in its folder', async () => {
    expect(await readFile(join(folder, 'plain', 'stand', 'host', 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('renews at every kind of place', () => {
    const renewed = report.renewals.filter(({ outcome }) => outcome === 'renewed');
    const kinds = renewed.flatMap(({ targets }) => targets.map(({ kind }) => kind));
    expect([...new Set(kinds)].sort()).toEqual([...placeKinds, 'app-service'].sort());
  });

  it('takes every way in', () => {
    const reasons = new Set(report.renewals.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual(['expired-event', 'manual', 'near-expiry-event', 'sweep']);
  });

  it('reports numbers that agree with each other', () => {
    for (const one of report.renewals) {
      const renewed = one.outcome === 'renewed';
      expect(one.outcome, one.certificate).toBe(one.expectedOutcome);
      expect(one.newSha256 !== null, one.certificate).toBe(renewed);
      expect(one.newSha256).not.toBe(one.oldSha256);
      expect(one.newSerial).not.toBe(one.oldSerial);
      const served = one.targets.map(({ servedSha256 }) => servedSha256);
      expect(new Set(served), one.certificate).toEqual(
        new Set(served.length === 0 ? [] : [renewed ? one.newSha256 : one.oldSha256]),
      );
      expect(one.targets.every(({ verified }) => verified)).toBe(true);
      expect(one.seconds).toBeLessThanOrEqual(report.seconds);
      expect(one.id === null).toBe(one.outcome === 'not-needed');
    }
    const fresh = report.renewals.flatMap(({ newSha256 }) => newSha256 ?? []);
    expect(new Set(fresh).size).toBe(18);
  });

  it("keeps the user's own settings beside the stand's", async () => {
    const settings = JSON.parse(await readFile(join(folder, 'plain.settings.json'), 'utf8')) as {
      Values: Record<string, string>;
    };
    expect(settings).toMatchObject({ Values: { MINE: 'stays' }, Host: { CORS: '*' } });
    expect(settings.Values.PERENNIAL_ESTATE).toContain(folder);
  });
});

describe('npm start', () => {
  it('stays up, serves what it reported, and ends with all its children at Ctrl-C', async () => {
    const program = startProgram(START, args('stays', '--seed', '3'));
    const children = await childrenOf(program);
    await program.says(/^Ctrl-C ends everything/);
    const report = await readReport('stays');
    for (const one of report.renewals) {
      const wanted = one.newSha256 ?? one.oldSha256;
      for (const target of one.targets) expect(await servedBy(target), target.id).toBe(wanted);
    }
    await tryHints(program.lines);
    program.signal('SIGINT');
    expect(await program.ended).toBe(0);
    await areGone(children);
  });

  it.each([
    ['before the app is up', /^The stand is up/],
    ['in the middle of the renewals', /, targets verified/],
  ])('ends with 130 and without children when it is interrupted %s', async (_when, line) => {
    const program = startProgram(START, args('interrupted', '--once'));
    await program.says(line);
    const children = program.children();
    program.signal('SIGINT');
    expect(await program.ended).toBe(130);
    await areGone(children);
    expect(program.lines.join('\n')).not.toMatch(/^\s+at /m);
  });
});

describe('npm start -- --once --faults SEED', () => {
  it('ends every renewal as it would without, and says what befell it', async () => {
    const program = startProgram(START, args('faults', '--once', '--faults', '7'));
    const code = await program.ended;
    const said = program.lines.join('\n');
    const report = await readReport('faults');
    expect(report.renewals.filter((one) => one.problem !== undefined).map(problemOf), said).toEqual([]);
    expect(code, said).toBe(0);
    expect(said).toMatch(/^Faults of seed 7: [1-9]\d* in \d{3,} calls \(/m);
  });
});

describe('the controls', () => {
  it.each([
    ['issuer.wrong-key', 'rejected', 'wrong-key'],
    ['target.lies', 'partly-deployed', 'targets-unverified'],
  ])('with the fault %s one certificate ends as %s, and so does the run', async (fault, outcome, reason) => {
    const program = startProgram(START, args(fault, '--once', '--fault', fault));
    const children = await childrenOf(program);
    expect(await program.ended).toBe(1);
    await areGone(children);
    const report = await readReport(fault);
    const wrong = report.renewals.filter(({ problem }) => problem !== undefined);
    expect(report.ok).toBe(false);
    expect(wrong.map(({ outcome, outcomeReason }) => [outcome, outcomeReason])).toEqual([[outcome, reason]]);
    const said = program.lines.join('\n');
    expect(said).toContain(`${outcome}: ${reason}   ✗ expected renewed`);
    expect(said).toContain(`1 of ${report.renewals.length} did not end as they must: ${wrong[0]?.certificate}`);
  });
});

describe('a command line that cannot be followed', () => {
  it.each([
    ['--fault', 'nonsense', '--fault nonsense: there are'],
    ['--faults', 'abc', '--faults abc: write a whole number'],
    ['--seed', 'x', '--seed x: write a whole number'],
  ])('%s %s ends with 2 and the usage', async (option, value, problem) => {
    const { code, text } = await runProgram(START, [option, value]);
    expect(code).toBe(2);
    expect(text).toContain(problem);
    expect(text).toContain('Usage: npm start');
  });
});

describe('a taken port', () => {
  let other: Server;
  let port: number;
  beforeAll(async () => {
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    port = (other.address() as AddressInfo).port;
  });
  afterAll(() => void other.close());

  it.each([
    ['--port', 'of the app'],
    ['--base-port', 'of the stand'],
  ])('%s is named in the error', async (option) => {
    const program = startProgram(START, [...args('taken', '--once'), option, String(port)]);
    expect(await program.ended).toBe(1);
    const said = program.lines.join('\n');
    expect(said).toMatch(new RegExp(`\\b${port}\\b.*(in use|another program)`));
    expect(said).toContain(option);
    expect(said).not.toMatch(/^\s+at /m);
  });
});

/** A TLS client of our own: what an `openssl s_client` would be shown. */
function servedBy({ host, port, sni }: TargetReport): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, servername: sni, rejectUnauthorized: false }, () => {
      resolve(sha256Hex(socket.getPeerCertificate().raw));
      socket.end();
    });
    socket.once('error', reject);
  });
}

/** The curl lines that were printed, without curl. */
async function tryHints(lines: readonly string[]): Promise<void> {
  const text = lines.join('\n');
  const key = /x-functions-key: ([^']+)'/.exec(text)?.[1] ?? '';
  for (const path of ['/api/renewals', '/api/openapi.json']) {
    const url = new RegExp(`http://127\\.0\\.0\\.1:\\d+${path}`).exec(text)?.[0] ?? '';
    expect((await fetch(url, { headers: { 'x-functions-key': key } })).status, url).toBe(200);
  }
  const management = /http\S+\/instances\?code=[^']+/.exec(text)?.[0] ?? '';
  const instances = (await (await fetch(management)).json()) as { runtimeStatus: string }[];
  expect(new Set(instances.map(({ runtimeStatus }) => runtimeStatus))).toEqual(new Set(['Completed']));
}
