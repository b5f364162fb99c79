import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import type { Options } from './options.ts';

/** A mutant has to be found within so many seeds. */
const SEEDS = 500;

/** What the simulation is bundled from. */
const PARTS = [
  'src',
  'functions',
  'local',
  'infra/roles',
  'test/sim',
  'test/replay',
  'host.json',
  'package.json',
  'tsconfig.json',
];

const FOLDER = join('test', 'sim', 'mutants');

/** A break of the product, as its file says it. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** The mistake, in a sentence or two; empty when the file does not tell. */
  readonly mistake: string;
  /** Ids of the invariants that should see it; the first that breaks may be another one. */
  readonly seenBy: readonly string[];
}

interface Found {
  readonly mutant: Mutant;
  readonly state: 'found' | 'survived' | 'unusable';
  readonly detail: string;
}

/** The mutants of this project, by name. */
export function mutants(): readonly Mutant[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.patch'));
  return files.sort().map((file) => readMutant(join(FOLDER, file)));
}

/** What comes before the first `diff` is for people: the mistake, then `Seen by I1 or D2.` */
export function readMutant(file: string): Mutant {
  const [head = ''] = readFileSync(file, 'utf8').split(/^(?:diff |--- )/m);
  const [mistake = '', seenBy = ''] = head.split(/Seen by /);
  return {
    name: basename(file, '.patch'),
    file,
    mistake: mistake.replace(/\s+/g, ' ').trim(),
    seenBy: seenBy.match(/[A-Z]\d+/g) ?? [],
  };
}

/**
 * Applies a patch in `folder`, or only asks whether it would apply. Answers with what git complains of. No repository
 * above the folder is looked for: git leaves out of a patch what lies outside of its own.
 */
export function applyPatch(file: string, folder: string, options: readonly string[] = []): string | undefined {
  const args = ['apply', '--whitespace=nowarn', ...options, resolve(file)];
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(resolve(folder)) };
  const applied = spawnSync('git', args, { cwd: folder, env, encoding: 'utf8' });
  return applied.status === 0 ? undefined : (applied.error?.message ?? applied.stderr.trim());
}

/** Breaks the product patch by patch in copies of it, `jobs` at a time, and tells which breaks are found. */
export async function findMutants(options: Options): Promise<number> {
  const queue = [...mutants()];
  const all: Found[] = [];
  const workers = Array.from({ length: options.jobs }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const found = await tryMutant(next);
      tell(found);
      all.push(found);
    }
  });
  await Promise.all(workers);
  const isFound = ({ state }: Found): boolean => state === 'found';
  console.log(`${all.filter(isFound).length} of ${all.length} mutants found within ${SEEDS} seeds`);
  return all.length > 0 && all.every(isFound) ? 0 : 1;
}

/** Exits 0 when the patch was found out. */
export async function findPatch(file: string, _options: Options): Promise<number> {
  const found = await tryMutant(readMutant(file));
  tell(found);
  return found.state === 'found' ? 0 : 1;
}

function tell({ mutant, state, detail }: Found): void {
  console.log(`${state.padEnd(9)} ${mutant.name}`);
  if (mutant.mistake !== '') console.log(`          ${mutant.mistake}`);
  console.log(`          ${detail}`);
}

async function tryMutant(mutant: Mutant): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-mutant-'));
  try {
    for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const problem = applyPatch(mutant.file, folder);
    if (problem !== undefined) return { mutant, state: 'unusable', detail: problem };
    await bundle(folder);
    return { mutant, ...(await search(folder)) };
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

/** Seed after seed, up to the first that breaks with the mutant and holds without it. */
async function search(folder: string): Promise<Pick<Found, 'state' | 'detail'>> {
  const report = join(folder, 'report.json');
  for (let from = 1; from <= SEEDS; ) {
    const args = ['--seeds', SEEDS - from + 1, '--from', from, '--jobs', 1, '--bail', '--report', report].map(String);
    const code = await ended([join(folder, 'sim.mjs'), ...args], folder);
    if (code === 0) break;
    if (code !== 1) return { state: 'unusable', detail: `the simulation ended with ${code}` };
    const { violations } = JSON.parse(readFileSync(report, 'utf8')) as {
      violations: { seed: number; invariant: string; message: string }[];
    };
    const first = violations.reduce((a, b) => (a.seed <= b.seed ? a : b));
    const intact = [process.argv[1] ?? '', '--seed', String(first.seed), '--trace'];
    if ((await ended(intact, '.')) === 0)
      return { state: 'found', detail: `seed ${first.seed}: ${first.invariant}: ${first.message.slice(0, 160)}` };
    from = first.seed + 1;
  }
  return { state: 'survived', detail: `${SEEDS} seeds` };
}

/** The exit code of a Node process; what it says is dropped. */
function ended(args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? -1));
  });
}
