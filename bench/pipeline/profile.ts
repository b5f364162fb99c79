import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { figureOf, type Report } from '../figure.ts';
import { rateOf, type Wish } from './batch.ts';
import { profileDetails } from './cpu-profile.ts';
import { startOrchestrated } from './orchestrated.ts';
import { openStage, type Stage } from './stage.ts';

const CERTIFICATES = 100;
const AT_ONCE = 16;

/** Where the time goes: the app's process, the host's, and the emulators'. Starting up is in it, which is a second. */
export async function benchProfile(): Promise<Report> {
  const stage = await openStage(CERTIFICATES);
  try {
    const file = (name: string): string => join(stage.folder, `${name}.cpuprofile`);
    const rate = await profiled(file('emulators'), () => renewAll(stage));
    return {
      bench: `profile: ${CERTIFICATES} renewals, ${AT_ONCE} at a time (slower than without the profiler)`,
      figures: [figureOf('renewals', '/s', [rate])],
      details: ['app', 'host', 'emulators'].flatMap((name) => profileDetails(name, file(name), CERTIFICATES)),
    };
  } finally {
    await stage.close();
  }
}

const profiler = new URL('./bench-profiler.mjs', import.meta.url).href;

/** App and host write their profiles when they end. */
async function renewAll(stage: Stage): Promise<number> {
  const wishes = stage.certificates.map(({ vaultName, name }): Wish => ({ vault: vaultName, certificate: name }));
  const wanted = (name: string) => ({
    NODE_OPTIONS: `--import=${profiler}`,
    BENCH_PROFILE: join(stage.folder, `${name}.cpuprofile`),
  });
  // The host takes what this process has; the app gets what stands in its settings.
  Object.assign(process.env, wanted('host'));
  const app = await startOrchestrated(stage.folder, { ...stage.stand.settings, ...wanted('app') });
  try {
    return rateOf(wishes.length, await app.renew(wishes, AT_ONCE));
  } finally {
    await app.stop();
  }
}

async function profiled<T>(file: string, work: () => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const done = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  writeFileSync(file, JSON.stringify(profile));
  return done;
}
