import type { Call } from './call.ts';
import { badParameter } from './errors.ts';

const LARGEST_PAGE = 25;

export interface Listing<T> {
  /** What the list is sorted by; a page goes on behind the last key of the page before, whatever came or went meanwhile. */
  readonly key: (entry: T) => string;
  readonly item: (entry: T) => object;
}

export interface Page {
  readonly value: readonly object[];
  readonly nextLink: string | null;
}

/** One page of a list. The link to the next is complete in itself, because clients follow it as it is. */
export function paged<T>(call: Call, entries: readonly T[], { key, item }: Listing<T>): Page {
  const size = pageSize(call.query.get('maxresults'));
  const after = afterOf(call.query.get('$skiptoken'));
  const sorted = entries
    .map((entry) => ({ entry, at: key(entry).toLowerCase() }))
    .filter(({ at }) => after === undefined || at > after)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const page = sorted.slice(0, size);
  const last = page.at(-1)?.at;
  return {
    value: page.map(({ entry }) => item(entry)),
    nextLink: sorted.length > size && last !== undefined ? nextLink(call, size, last) : null,
  };
}

function pageSize(text: string | null): number {
  if (text === null) return LARGEST_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE) {
    throw badParameter(`maxresults must be a number from 1 to ${LARGEST_PAGE}.`);
  }
  return size;
}

function nextLink({ vault, query, apiVersion, path }: Call, size: number, last: string): string {
  const token = Buffer.from(`after:${last}`).toString('base64url');
  const pending = query.get('includePending');
  const parts = [`api-version=${apiVersion}`, `$skiptoken=${token}`, `maxresults=${size}`];
  if (pending !== null) parts.push(`includePending=${encodeURIComponent(pending)}`);
  return `${vault.options.uri}${path}?${parts.join('&')}`;
}

function afterOf(token: string | null): string | undefined {
  if (token === null) return undefined;
  const after = /^after:(.+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (after === undefined) throw badParameter('The $skiptoken is not valid.');
  return after;
}
