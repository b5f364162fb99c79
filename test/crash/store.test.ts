import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFrame } from '../../local/host/store/frame.ts';
import { JOURNAL_MAGIC } from '../../local/host/store/read-journal.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { type CrashBench, openCrashBench } from './crash-bench.ts';
import { liveThrough } from './live-through.ts';
import { type Row, rows } from './rows.ts';

let bench: CrashBench;
beforeAll(async () => {
  bench = await openCrashBench({ seed: 34, certificates: 2 });
});
afterAll(() => bench?.close());

const seeded = (index: number): Seeded => {
  const found = bench.stand.estate.certificates[index];
  if (found === undefined) throw new TypeError(`no certificate ${index} is seeded`);
  return found;
};

/** The host dies when its store holds that the vault has made the CSR. */
const killedOnceRequested = rows.find(
  ({ killed, moment, when }) => killed === 'host' && when === 'hold' && moment.stage === 'request',
) as Row;

const store = (): string => join(bench.directory, 'hub', 'journal');

/** Where each record of the store begins. */
async function recordsIn(file: string): Promise<readonly number[]> {
  const bytes = await readFile(file);
  const offsets: number[] = [];
  for (let at = JOURNAL_MAGIC.length; at < bytes.length; ) {
    const frame = readFrame(bytes, at);
    if (frame.state !== 'record') throw new TypeError(`${file}: ${frame.state} at ${at}`);
    offsets.push(at);
    at += frame.bytes;
  }
  return offsets;
}

describe("the host's store", () => {
  it('loses a last record that is cut off, says so, and the renewal ends as if nothing had been', async () => {
    const cut = async (): Promise<void> => {
      const last = (await recordsIn(store())).at(-1) ?? 0;
      await truncate(store(), last + 20);
    };
    const result = await liveThrough(bench, killedOnceRequested, { seeded: seeded(0), meanwhile: cut });
    expect(result.problems).toEqual([]);
    expect(bench.app.log.join('\n')).toContain('durable: the last 20 bytes of the journal were cut off by a crash');
  });

  it('is refused with file and offset when its middle is damaged, is left as it is, and goes on once it is mended', async () => {
    const damage = async (): Promise<void> => {
      const offsets = await recordsIn(store());
      const middle = offsets[Math.floor(offsets.length / 2)] ?? 0;
      const whole = await readFile(store());
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(middle + 40) ^ 1, middle + 40);
      await writeFile(store(), damaged);
      await expect(bench.app.start()).rejects.toThrow(
        `${store()} is damaged (content of a record) at offset ${middle}; restore it from a copy`,
      );
      expect(await readFile(store())).toEqual(damaged);
      await writeFile(store(), whole);
    };
    const result = await liveThrough(bench, killedOnceRequested, { seeded: seeded(1), meanwhile: damage });
    expect(result.problems).toEqual([]);
  });
});
