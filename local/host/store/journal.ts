import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFrame } from './frame.ts';
import { lockDirectory } from './lock.ts';
import { JOURNAL_MAGIC, readJournal } from './read-journal.ts';
import { StoreError, storeError } from './store-error.ts';

/** An append-only list of JSON records. */
export interface Journal {
  /** Resolves when the record is durable. Records become durable in the order they were given. */
  append(record: unknown): Promise<void>;
  /** Resolves when every record given so far is durable. */
  settled(): Promise<void>;
  /** How often the disk was asked to keep what was written: many records share one. */
  readonly syncs: number;
  close(): Promise<void>;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** Bytes of a last record that was cut off by a crash, and was dropped. */
  readonly droppedBytes: number;
}

export interface JournalSource {
  /** Absent: memory, which forgets everything. */
  readonly directory?: string;
  /** Is handed every record found, oldest first. */
  readonly load: (record: unknown) => void;
  /** The records that stand for all that was loaded; they replace the file. */
  readonly compact: () => Iterable<unknown>;
}

export async function openJournal(source: JournalSource): Promise<OpenedJournal> {
  if (source.directory === undefined) return { journal: new MemoryJournal(), droppedBytes: 0 };
  const file = join(source.directory, 'journal');
  const release = await lockDirectory(source.directory);
  try {
    const droppedBytes = await readJournal(file, source.load);
    const handle = await replaceFile(source.directory, file, source.compact());
    return { journal: new FileJournal(file, handle, release), droppedBytes };
  } catch (error) {
    await release().catch(() => undefined);
    throw storeError(`${file} cannot be taken up`, error);
  }
}

/** Writes the compacted file beside the old one and renames it: a crash leaves one or the other, whole. */
async function replaceFile(directory: string, file: string, records: Iterable<unknown>): Promise<FileHandle> {
  const next = `${file}.next`;
  const handle = await open(next, 'w');
  try {
    await writeRecords(handle, records);
    await rename(next, file);
    await syncDirectory(directory);
    return handle;
  } catch (error) {
    await handle.close();
    // On a full disk its bytes are wanted; the old file is whole.
    await rm(next, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeRecords(handle: FileHandle, records: Iterable<unknown>): Promise<void> {
  let frames: Buffer[] = [JOURNAL_MAGIC];
  for (const record of records) {
    frames.push(encodeFrame(record));
    if (frames.length < 1000) continue;
    await handle.appendFile(Buffer.concat(frames));
    frames = [];
  }
  await handle.appendFile(Buffer.concat(frames));
  await handle.sync();
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync();
  await handle.close();
}

class MemoryJournal implements Journal {
  readonly syncs = 0;

  append(): Promise<void> {
    return Promise.resolve();
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Group commit: whatever is given while the disk is busy goes into the next write, under one sync. */
class FileJournal implements Journal {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #release: () => Promise<void>;
  #waiting: Buffer[] = [];
  /** The write that the waiting records will be part of. */
  #nextWrite: Promise<void> | undefined;
  #lastWrite: Promise<void> = Promise.resolve();
  #failure: StoreError | undefined;
  #closed = false;
  #syncs = 0;

  constructor(file: string, handle: FileHandle, release: () => Promise<void>) {
    this.#file = file;
    this.#handle = handle;
    this.#release = release;
  }

  get syncs(): number {
    return this.#syncs;
  }

  append(record: unknown): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError(`${this.#file} is closed`));
    this.#waiting.push(encodeFrame(record));
    if (this.#nextWrite === undefined) {
      this.#nextWrite = this.#lastWrite.then(() => this.#write());
      this.#lastWrite = this.#nextWrite;
    }
    return this.#nextWrite;
  }

  settled(): Promise<void> {
    return this.#lastWrite;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lastWrite.catch(() => undefined);
    await this.#handle.close();
    await this.#release();
  }

  /** After one failed write nothing more is written: later records must not stand behind a hole. */
  async #write(): Promise<void> {
    const frames = this.#waiting;
    this.#waiting = [];
    this.#nextWrite = undefined;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#handle.appendFile(Buffer.concat(frames));
      await this.#handle.datasync();
      this.#syncs += 1;
    } catch (error) {
      this.#failure = storeError(`${this.#file} cannot be written`, error);
      throw this.#failure;
    }
  }
}
