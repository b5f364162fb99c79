import { readFile } from 'node:fs/promises';
import type { TokenCredential } from '@azure/identity';
import { BlobClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { noRedirects } from '../azure/no-redirects.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { readEstate } from '../plan/estate-file.ts';
import type { Estate } from '../plan/types.ts';
import type { EstateSource } from './parse.ts';

const FRESH_SECONDS = 60;

interface EstateReader {
  readonly credential: TokenCredential;
  /** Whom to trust besides the usual authorities, as PEM: a test has a CA of its own. */
  readonly tls?: { readonly ca: string };
}

/**
 * The estate as the file says it, read again after a minute. An edit that is wrong does not stop what runs: the last
 * good estate stays until the file is mended, and `onProblem` hears of it. Throws `estate-invalid` when there is none.
 */
export function createEstate(
  source: EstateSource,
  deps: EstateReader & { readonly clock: Clock; readonly onProblem: (problem: string) => void },
): () => Promise<Estate> {
  let last: { readonly estate: Estate; readonly text: string } | undefined;
  let freshUntil = 0;
  return async () => {
    const now = deps.clock.now().getTime();
    if (last !== undefined && now < freshUntil) return last.estate;
    try {
      const text = await read(source, deps);
      if (text !== last?.text) last = { estate: readEstate(text, nameOf(source)), text };
    } catch (error) {
      if (last === undefined) throw error;
      deps.onProblem(error instanceof Error ? error.message : String(error));
    }
    freshUntil = now + FRESH_SECONDS * 1000;
    return last.estate;
  };
}

async function read(source: EstateSource, { credential, tls }: EstateReader): Promise<string> {
  // The client hands on to its pipeline what its own type does not know.
  const options: StoragePipelineOptions & object = { ...noRedirects, ...(tls && { tlsOptions: tls }) };
  try {
    if (source.kind === 'file') return await readFile(source.path, 'utf8');
    return (await new BlobClient(source.url, credential, options).downloadToBuffer()).toString('utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const problem = `cannot read ${nameOf(source)}: ${why.slice(0, 200)}`;
    throw new RenewalError('estate-invalid', `estate: ${problem}`, { cause: error, problems: [problem] });
  }
}

function nameOf(source: EstateSource): string {
  return source.kind === 'file' ? source.path : source.url;
}
