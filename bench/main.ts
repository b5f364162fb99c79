import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAcme } from './acme/acme.ts';
import { benchEvents } from './events/events.ts';
import { isMet, type Report } from './figure.ts';
import { benchFleet } from './fleet/fleet.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { benchCalls } from './pipeline/calls.ts';
import { benchPipeline } from './pipeline/pipeline.ts';
import { benchProfile } from './pipeline/profile.ts';
import { benchReplay } from './replay.ts';
import { tableOf } from './table.ts';

const USAGE = `Usage: npm run bench -- [NAME…] [--json FILE]

Measures, and ends with 1 when an aim is missed. Figures with an aim are ratios of two things that were run in turns on
this machine, so that they hold on a slow or busy one as well. NAME is one of:
`;

/** Every bench by its name; they run in this order. */
const benches: Readonly<Record<string, () => Promise<Report>>> = {
  pipeline: benchPipeline,
  calls: benchCalls,
  events: benchEvents,
  replay: benchReplay,
  import: benchImport,
  memory: benchMemory,
  acme: benchAcme,
  fleet: benchFleet,
  profile: benchProfile,
};

await main();

async function main(): Promise<void> {
  const options = { json: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const unknown = positionals.filter((name) => !Object.hasOwn(benches, name));
  if (values.help || unknown.length > 0) {
    console.log(`${USAGE}  ${Object.keys(benches).join(', ')}`);
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  const chosen = Object.keys(benches).filter((name) => positionals.length === 0 || positionals.includes(name));
  const reports: Report[] = [];
  for (const name of chosen) reports.push(await run(name));
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ machine: machine(), reports }, null, 2)}\n`);
  const missed = reports.flatMap(({ figures }) => figures).filter((figure) => !isMet(figure));
  console.log(missed.length === 0 ? 'Every aim is met.' : `Missed: ${missed.map(({ what }) => what).join('; ')}.`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

async function run(name: string): Promise<Report> {
  const bench = benches[name];
  if (bench === undefined) throw new TypeError(`bench: no bench ${name}`);
  const report = await bench();
  console.log(`${tableOf(report)}\n`);
  return report;
}

/** What the absolute figures hang on: also how busy the machine was with other things at the end. */
function machine() {
  const all = cpus();
  return { node: process.version, cores: all.length, cpu: all[0]?.model, loadAverage: loadavg()[0] };
}
