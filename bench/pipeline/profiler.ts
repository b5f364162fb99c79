import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

// Preloaded into a process whose profile is wanted: `--cpu-prof` may not stand in NODE_OPTIONS before Node 22.
const file = process.env.BENCH_PROFILE;
if (file !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  // Within a process the session answers at once, also while it ends.
  process.on('exit', () =>
    session.post('Profiler.stop', (_error, { profile }) => writeFileSync(file, JSON.stringify(profile))),
  );
}
