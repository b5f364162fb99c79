import { type Batch, inFlight } from '../pipeline/batch.ts';
import type { RunnerGround, RunnerOrder } from './order.ts';

export const GROUND_VARIABLE = 'PERENNIAL_BENCH_GROUND';

/** What a program needs that certifies names in a process of its own, for as long as its channel is open. */
export function serveRunner(make: (ground: RunnerGround) => Promise<(name: string) => Promise<void>>): void {
  const making = make(JSON.parse(process.env[GROUND_VARIABLE] ?? '{}') as RunnerGround);
  process.on('message', (order) => void runAll(order as RunnerOrder).then((batch) => process.send?.(batch)));
  process.on('disconnect', () => process.exit(0));
  void making.then(() => process.send?.('ready'));

  async function runAll({ names, atOnce }: RunnerOrder): Promise<Batch> {
    const certify = await making;
    const others: string[] = [];
    const begun = performance.now();
    await inFlight(names, atOnce, async (name) => {
      await certify(name).catch((error: unknown) => others.push(`${name}: ${String(error)}`));
    });
    return { milliseconds: performance.now() - begun, others };
  }
}
