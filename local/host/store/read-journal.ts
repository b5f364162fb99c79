import { type FileHandle, open } from 'node:fs/promises';
import { readFrame } from './frame.ts';
import { StoreError } from './store-error.ts';

/** The file's first bytes; the number is the version of its layout. */
export const JOURNAL_MAGIC = Buffer.from('perennial-hub 1\n', 'latin1');

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Reads a journal from beginning to end. A last record that is cut off is what a crash leaves, and is dropped: the answer
 * is its length in bytes. Anything else that is wrong is an error with file and offset.
 */
export async function readJournal(file: string, load: (record: unknown) => void): Promise<number> {
  const handle = await openIfThere(file);
  if (handle === undefined) return 0;
  try {
    return await readRecords(new Window(file, handle, (await handle.stat()).size), load);
  } finally {
    await handle.close();
  }
}

async function readRecords(window: Window, load: (record: unknown) => void): Promise<number> {
  if (window.size === 0) return 0;
  await window.more();
  if (!window.take(JOURNAL_MAGIC.length).equals(JOURNAL_MAGIC)) throw window.error('is not a journal of this version');
  for (;;) {
    const frame = readFrame(window.bytes, window.at);
    if (frame.state === 'record') {
      load(frame.record);
      window.take(frame.bytes);
    } else if (!window.atEnd) {
      await window.more();
    } else if (frame.state === 'short' || isTornEnd(window, frame.bytes)) {
      return window.rest.length;
    } else {
      throw window.error(`is damaged (${frame.what} of a record)`);
    }
  }
}

/** A file may have grown before its bytes arrived: then they are zero, or the last record's content is not all there. */
function isTornEnd(window: Window, frameBytes: number): boolean {
  return frameBytes === window.rest.length || window.rest.every((byte) => byte === 0);
}

/** The part of the file that is in memory. */
class Window {
  readonly size: number;
  readonly #file: string;
  readonly #handle: FileHandle;
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next record begins, in `bytes`. */
  at = 0;
  #read = 0;

  constructor(file: string, handle: FileHandle, size: number) {
    this.#file = file;
    this.#handle = handle;
    this.size = size;
  }

  get atEnd(): boolean {
    return this.#read >= this.size;
  }

  get rest(): Buffer {
    return this.bytes.subarray(this.at);
  }

  take(length: number): Buffer {
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  async more(): Promise<void> {
    const length = Math.min(Math.max(CHUNK_BYTES, this.rest.length), this.size - this.#read);
    const chunk = Buffer.alloc(length);
    const { bytesRead } = await this.#handle.read(chunk, 0, length, this.#read);
    if (bytesRead === 0) throw this.error('became shorter while it was read');
    this.bytes = Buffer.concat([this.rest, chunk.subarray(0, bytesRead)]);
    this.at = 0;
    this.#read += bytesRead;
  }

  error(what: string): StoreError {
    const offset = this.#read - this.bytes.length + this.at;
    return new StoreError(
      `${this.#file} ${what} at offset ${offset}; restore it from a copy, or delete the directory to begin anew`,
    );
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
