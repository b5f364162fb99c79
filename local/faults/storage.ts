import type { EmulatorRequest } from '../emulator.ts';
import { refusalResponse } from '../storage/refusals.ts';
import type { StorageService } from '../storage/shared-key.ts';
import { loseAnswer, type Mishap } from './mishaps.ts';
import { lines, type Matches, type Strike } from './scene.ts';

/**
 * Storage does not answer in time, and nothing was done. It names no time to wait: clients wait longer and longer.
 * See https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const words = {
  ServerBusy: { status: 503, message: 'The server is busy.' },
  OperationTimedOut: { status: 500, message: 'Operation could not be completed within the specified time.' },
} as const;

/** An error of storage in place of an answer: nothing was done. */
export function storageSays(service: StorageService, code: keyof typeof words): Mishap {
  return async () => ({ state: 'whole', response: refusalResponse(service, { code, ...words[code] }) });
}

/** A row of the victim's among orders and targets, read or written: the partition is the certificate. */
const isAboutRows: Matches = ({ url, body }, { victim: { vaultName, name } }) => {
  if (!/^\/\w+\/(orders|targets)\b/.test(url.pathname)) return false;
  const partition = `${vaultName}|${name}`.toLowerCase();
  const inPath = decodeURIComponent(url.pathname).includes(`PartitionKey='${partition}'`);
  return inPath || new TextDecoder().decode(body).includes(`"PartitionKey":"${partition}"`);
};

/** The order is written down. */
export const isOrderInsert: Matches = (request, scene) =>
  request.method === 'POST' && /\/orders$/.test(request.url.pathname) && isAboutRows(request, scene);

const isRowWrite: Matches = (request, scene) => request.method !== 'GET' && isAboutRows(request, scene);

/** A record of the victim's renewal is appended. */
const isAppend: Matches = ({ method, url }, { victim }) =>
  method === 'PUT' &&
  url.searchParams.get('comp') === 'appendblock' &&
  new RegExp(`/journal/[a-z]+(-\\d+)?-${victim.name.toLowerCase()}-[a-z2-7]{16}\\.jsonl$`).test(url.pathname);

/** The record that says what the issuer was sent. */
export const isSubmitRecord: Matches = (request, scene) =>
  isAppend(request, scene) && new TextDecoder().decode(request.body).includes('"step":"submit"');

export const rowAnswersLost = answersLost('tables', isRowWrite);
export const recordAnswersLost = answersLost('blobs', isAppend);

/** What is written for the first time is written, and nobody hears of it. Each repeat gets through. */
function answersLost(on: 'tables' | 'blobs', matches: Matches): Strike {
  return (scene) => {
    const seen = new Set<string>();
    return lines[on](scene).add((request, next) => {
      const what = whatOf(request);
      if (!matches(request, scene) || seen.has(what)) return next();
      seen.add(what);
      scene.struck();
      return loseAnswer(next);
    });
  };
}

function whatOf({ method, url, body }: EmulatorRequest): string {
  return `${method} ${url.pathname} ${Buffer.from(body).toString('base64')}`;
}
