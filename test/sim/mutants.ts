import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import type { Options } from './options.ts';

/** A mutant has to be found within so many seeds. */
const SEEDS = 500;

/** What the simulation is bundled from. */
const PARTS = ['src', 'functions', 'local', 'test/sim', 'test/replay', 'host.json', 'package.json', 'tsconfig.json'];

interface Found {
  readonly name: string;
  readonly state: 'found' | 'survived' | 'unusable';
  readonly detail: string;
}

/** Breaks the product patch by patch in copies of it, and tells which breaks are found. */
export async function findMutants(options: Options): Promise<number> {
  const folder = join('test', 'sim', 'mutants');
  const files = readdirSync(folder).filter((file) => file.endsWith('.patch'));
  const all: Found[] = [];
  for (const file of files.sort()) {
    const found = await tryPatch(join(folder, file), options);
    console.log(`${found.state.padEnd(9)} ${found.name.padEnd(36)} ${found.detail}`);
    all.push(found);
  }
  const survivors = all.filter(({ state }) => state !== 'found');
  console.log(`${all.length - survivors.length} of ${all.length} mutants found within ${SEEDS} seeds`);
  return survivors.length === 0 ? 0 : 1;
}

/** Exits 0 when the patch was found out. */
export async function findPatch(file: string, options: Options): Promise<number> {
  const { name, state, detail } = await tryPatch(file, options);
  console.log(`${state} ${name} ${detail}`);
  return state === 'found' ? 0 : 1;
}

async function tryPatch(file: string, options: Options): Promise<Found> {
  const name = basename(file, '.patch');
  const folder = mkdtempSync(join(tmpdir(), 'perennial-mutant-'));
  try {
    for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const applied = spawnSync('git', ['apply', '--whitespace=nowarn', resolve(file)], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (applied.status !== 0) return { name, state: 'unusable', detail: applied.stderr.trim() };
    await bundle(folder);
    return { name, ...(await simulate(folder, options)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(folder: string): Promise<void> {
  const input = { sim: join(folder, 'test', 'sim', 'main.ts') };
  const build = await rolldown({ platform: 'node', logLevel: 'warn', input, external: /^[^./]/, cwd: folder });
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', codeSplitting: false });
  await build.close();
}

/** Piece by piece, so that a mutant that is found early costs little. */
async function simulate(folder: string, { jobs }: Options): Promise<Pick<Found, 'state' | 'detail'>> {
  const report = join(folder, 'report.json');
  for (let from = 1, size = 40; from <= SEEDS; from += size, size = 80) {
    const seeds = Math.min(size, SEEDS - from + 1);
    const args = ['--seeds', seeds, '--from', from, '--jobs', jobs, '--bail', '--report', report].map(String);
    const code = await ended(
      spawn(process.execPath, [join(folder, 'sim.mjs'), ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
    );
    if (code === 0) continue;
    if (code !== 1) return { state: 'unusable', detail: `the simulation ended with ${code}` };
    const { violations } = JSON.parse(readFileSync(report, 'utf8')) as {
      violations: { seed: number; invariant: string; message: string }[];
    };
    const first = violations.reduce((a, b) => (a.seed <= b.seed ? a : b));
    return { state: 'found', detail: `seed ${first.seed}: ${first.invariant}: ${first.message.slice(0, 120)}` };
  }
  return { state: 'survived', detail: `${SEEDS} seeds` };
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.stderr?.resume();
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? -1));
  });
}
