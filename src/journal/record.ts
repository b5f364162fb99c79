import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { JournalEntry, JournalRecord } from './port.ts';

/** `previous` of a chain's first record. */
export const noPrevious = '0'.repeat(64);

/** The record that follows `last` in the chain of `renewalId`. */
export function linkRecord(renewalId: string, entry: JournalEntry, last: JournalRecord | undefined): JournalRecord {
  const { key, at, kind, step } = entry;
  const sequence = last === undefined ? 0 : last.sequence + 1;
  const previous = last?.hash ?? noPrevious;
  // What JSON cannot hold (undefined, dates as objects) is settled before hashing, so that reading gives the same bytes.
  const facts = JSON.parse(JSON.stringify(entry.facts)) as Record<string, unknown>;
  const body = { renewalId, sequence, previous, key, at, kind, step, facts };
  return { ...body, hash: hashOf(body) };
}

/** One line of the journal: canonical JSON and a line feed. */
export function lineOf(record: JournalRecord): string {
  return `${canonicalJson(record)}\n`;
}

/**
 * Reads a chain and proves it: every line canonical, sequence without gaps, each hash right and linked to the one
 * before. Records cut off cleanly at the end cannot be seen from the chain alone; the signed checkpoints are for that.
 */
export function readChain(renewalId: string, text: string): readonly JournalRecord[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw corrupt(renewalId, 'the last line is cut off');
  const chain: JournalRecord[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const record = readRecord(renewalId, line, chain.length);
    const problem = linkProblem(record, renewalId, chain.at(-1));
    if (problem !== undefined) throw corrupt(renewalId, `record ${chain.length} has a wrong ${problem}`);
    chain.push(record);
  }
  return chain;
}

function linkProblem(record: JournalRecord, renewalId: string, last: JournalRecord | undefined): string | undefined {
  if (record.renewalId !== renewalId) return 'renewal id';
  if (record.sequence !== (last === undefined ? 0 : last.sequence + 1)) return 'sequence';
  if (record.previous !== (last?.hash ?? noPrevious)) return 'link to the record before';
  const { hash, ...body } = record;
  return hash === hashOf(body) ? undefined : 'hash';
}

const recordShape = z.strictObject({
  renewalId: z.string(),
  sequence: z.number(),
  previous: z.string(),
  key: z.string(),
  at: z.string(),
  kind: z.enum(['intent', 'result', 'decision', 'fact']),
  step: z.string(),
  facts: z.record(z.string(), z.unknown()),
  hash: z.string(),
});

function readRecord(renewalId: string, line: string, position: number): JournalRecord {
  let record: JournalRecord;
  let written: string;
  try {
    record = recordShape.parse(JSON.parse(line));
    // Nested deeper than the stack goes, it cannot be written again, and was never ours.
    written = lineOf(record);
  } catch (cause) {
    throw corrupt(renewalId, `record ${position} cannot be read`, cause);
  }
  if (written !== `${line}\n`) throw corrupt(renewalId, `record ${position} has wrong bytes`);
  return record;
}

function corrupt(renewalId: string, why: string, cause?: unknown): RenewalError {
  return new RenewalError('journal-corrupt', `journal: read failed: renewal=${renewalId}: ${why}`, { cause });
}

function hashOf(body: Omit<JournalRecord, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

/** RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as JavaScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
