import type { Call } from './call.ts';
import { badParameter } from './errors.ts';

const LARGEST_PAGE = 25;

/** One page of a list. The link to the next is complete in itself, because clients follow it as it is. */
export function paged(call: Call, items: readonly object[]): { value: readonly object[]; nextLink: string | null } {
  const size = pageSize(call.query.get('maxresults'));
  const start = startOf(call.query.get('$skiptoken'));
  const end = start + size;
  return { value: items.slice(start, end), nextLink: end < items.length ? nextLink(call, size, end) : null };
}

function pageSize(text: string | null): number {
  if (text === null) return LARGEST_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE) {
    throw badParameter(`maxresults must be a number from 1 to ${LARGEST_PAGE}.`);
  }
  return size;
}

function nextLink({ vault, query, apiVersion, path }: Call, size: number, start: number): string {
  const token = Buffer.from(`start:${start}`).toString('base64url');
  const pending = query.get('includePending');
  const parts = [`api-version=${apiVersion}`, `$skiptoken=${token}`, `maxresults=${size}`];
  if (pending !== null) parts.push(`includePending=${encodeURIComponent(pending)}`);
  return `${vault.options.uri}${path}?${parts.join('&')}`;
}

function startOf(token: string | null): number {
  if (token === null) return 0;
  const start = /^start:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (start === undefined) throw badParameter('The $skiptoken is not valid.');
  return Number(start);
}
