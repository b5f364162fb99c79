import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../../local/host/store/frame.ts';
import { type Journal, openJournal } from '../../../../../local/host/store/journal.ts';
import { JOURNAL_MAGIC } from '../../../../../local/host/store/read-journal.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

interface Opened {
  readonly journal: Journal;
  readonly droppedBytes: number;
  readonly records: unknown[];
}

async function openAll(): Promise<Opened> {
  const records: unknown[] = [];
  const opened = await openJournal({ directory, load: (record) => records.push(record), compact: () => records });
  return { ...opened, records };
}

async function reopen(): Promise<unknown[]> {
  const { journal, records } = await openAll();
  await journal.close();
  return records;
}

describe('a journal on disk', () => {
  it('keeps records over a reopening, in order', async () => {
    const { journal } = await openAll();
    await Promise.all([journal.append({ n: 1 }), journal.append({ n: 2 })]);
    await journal.append({ text: 'ü' });
    await journal.close();
    expect(await reopen()).toEqual([{ n: 1 }, { n: 2 }, { text: 'ü' }]);
  });

  it('shares one sync among many records', async () => {
    const { journal } = await openAll();
    const appended = Array.from({ length: 500 }, (_, n) => journal.append({ n }));
    await Promise.all(appended);
    expect(journal.syncs).toBeLessThan(5);
    await journal.close();
    expect(await reopen()).toHaveLength(500);
  });

  it('has a record on disk when append resolves', async () => {
    const { journal } = await openAll();
    await journal.append({ n: 1 });
    const copy = join(directory, 'copy');
    await copyFile(join(directory, 'journal'), copy);
    const bytes = await readFile(copy);
    expect(bytes.includes(encodeFrame({ n: 1 }))).toBe(true);
    await journal.close();
  });

  it('replaces what was loaded by the compacted records', async () => {
    const { journal } = await openAll();
    for (let n = 0; n < 10; n += 1) await journal.append({ n });
    await journal.close();
    const opened = await openJournal({ directory, load: () => undefined, compact: () => [{ sum: 45 }] });
    await opened.journal.append({ n: 10 });
    await opened.journal.close();
    expect(await reopen()).toEqual([{ sum: 45 }, { n: 10 }]);
  });

  it('reads records larger than one chunk', async () => {
    const { journal } = await openAll();
    await journal.append({ text: 'x'.repeat(9_000_000) });
    await journal.append({ n: 2 });
    await journal.close();
    expect(await reopen()).toHaveLength(2);
  });

  it('refuses records after it was closed', async () => {
    const { journal } = await openAll();
    await journal.close();
    await expect(journal.append({})).rejects.toThrow('closed');
  });
});

describe('a damaged journal', () => {
  const frames = [1, 2, 3].map((n) => encodeFrame({ n, text: 'some text' }));
  const file = (): string => join(directory, 'journal');

  beforeEach(() => writeFile(file(), Buffer.concat([JOURNAL_MAGIC, ...frames])));

  it.each([1, 11, 12, 20])('loses only the last record when %i bytes of it are missing', async (missing) => {
    const length = JOURNAL_MAGIC.length + frames.reduce((sum, frame) => sum + frame.length, 0);
    await truncate(file(), length - missing);
    const { journal, records, droppedBytes } = await openAll();
    expect(records).toHaveLength(2);
    expect(droppedBytes).toBe((frames[2]?.length ?? 0) - missing);
    await journal.append({ n: 4 });
    await journal.close();
    expect(await reopen()).toHaveLength(3);
  });

  it('takes zeros at the end for a write that was cut off', async () => {
    await writeFile(file(), Buffer.concat([JOURNAL_MAGIC, ...frames, Buffer.alloc(5000)]));
    expect(await reopen()).toHaveLength(3);
  });

  it.each([
    ['length', 0],
    ['content', 15],
  ])('is reported with file and offset when the %s of a middle record is wrong', async (what, within) => {
    const bytes = await readFile(file());
    const offset = JOURNAL_MAGIC.length + (frames[0]?.length ?? 0);
    bytes.writeUInt8(bytes.readUInt8(offset + within) ^ 1, offset + within);
    await writeFile(file(), bytes);
    await expect(openAll()).rejects.toThrow(`${file()} is damaged (${what} of a record) at offset ${offset}`);
    // The refused opening has given the directory back and changed nothing.
    await expect(openAll()).rejects.toThrow('is damaged');
    expect(await readFile(file())).toEqual(bytes);
  });

  it('is refused when it is another kind of file', async () => {
    await writeFile(file(), 'something else entirely');
    await expect(openAll()).rejects.toThrow('not a journal');
  });
});

describe('a journal in memory', () => {
  it('accepts records and keeps none', async () => {
    const { journal } = await openJournal({ load: () => undefined, compact: () => [] });
    await journal.append({});
    await journal.settled();
    expect(journal.syncs).toBe(0);
    await journal.close();
  });
});
