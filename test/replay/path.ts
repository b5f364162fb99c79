import type { Outcome, Reason } from '../../src/renewal/outcomes.ts';
import type { StartRequest } from '../../src/renewal/start.ts';
import { inTrace } from '../../src/trace.ts';
import { createWorld, type World } from '../builders/world.ts';
import type { OrchestratorName } from './app.ts';
import { type Bench, type BenchOptions, type Lived, openBench } from './bench.ts';

/** One way a renewal can go: what is different from the plain one, how it ends, and which histories of it are kept. */
export interface Path {
  readonly tells: string;
  readonly world?: Parameters<typeof createWorld>[0];
  readonly request?: Partial<StartRequest>;
  /** Of what it begins with. */
  readonly traceparent?: string;
  readonly arrange?: (world: World) => BenchOptions | Promise<BenchOptions>;
  readonly ends: readonly [Outcome, Reason];
  readonly records: readonly OrchestratorName[];
}

/** Paths by name; the name is also that of their files. */
export type Paths = Readonly<Record<string, Path>>;

/** Lives one path in a world of its own. */
export async function livePath(path: Path): Promise<{ world: World; bench: Bench; lived: Lived }> {
  const world = await createWorld(path.world);
  const bench = await openBench(world, await path.arrange?.(world));
  const lived = await inTrace(path.traceparent, () => bench.live(path.request));
  await bench.hub.stop();
  return { world, bench, lived };
}
