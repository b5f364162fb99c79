import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { estateProblems, readEstate } from '../src/plan/estate-file.ts';
import type { Estate } from '../src/plan/types.ts';
import { SmokeError } from './errors.ts';
import { runOf } from './names.ts';
import { accepted, type Rest, type RestCall, saidBy } from './rest.ts';

const SCOPE = 'https://storage.azure.com/.default';
const STORAGE_VERSION = '2023-11-03';

/** The estate file as the blob holds it. */
export interface EstateText {
  readonly text: string;
  readonly etag: string;
  readonly estate: Estate;
}

/** The blob with the estate file. */
export interface EstateBlob {
  read(): Promise<EstateText>;
  /** Writes only over what was read. Answers whether it was still that. */
  write(text: string, etag: string): Promise<boolean>;
}

export function createEstateBlob(rest: Rest, url: URL): EstateBlob {
  const requestOf = (method: 'GET' | 'PUT', more: Partial<RestCall> = {}): RestCall => ({
    ...{ method, url, scope: SCOPE, ...more },
    headers: { 'x-ms-version': STORAGE_VERSION, ...more.headers },
  });
  return {
    async read() {
      const request = requestOf('GET');
      const { text, headers } = accepted(request, await rest.call(request));
      return { text, etag: headers.get('etag') ?? '', estate: readEstate(text, url.href) };
    },
    async write(text, etag) {
      const headers = { 'x-ms-blob-type': 'BlockBlob', 'if-match': etag, 'content-type': 'application/yaml' };
      const answer = await rest.call(requestOf('PUT', { body: text, headers }));
      if (answer.status === 412) return false;
      if (answer.status !== 201)
        throw new SmokeError(`estate file: ${url.pathname} cannot be written: ${saidBy(answer)}`);
      return true;
    },
  };
}

/** What a run adds: one plan, and the certificates that it is for. */
export interface Addition {
  /** The run's name, which the plan has too. */
  readonly run: string;
  readonly plan: object;
  readonly certificates: readonly object[];
}

/** The text with the run's entries in it. Everything else stays as it is written, comments included. */
export function withEntries(text: string, { run, plan, certificates }: Addition): string {
  const document = parseDocument(text);
  document.setIn(['plans', run], document.createNode(plan));
  for (const certificate of certificates) {
    if (isSeq(document.get('certificates'))) document.addIn(['certificates'], document.createNode(certificate));
    else document.set('certificates', document.createNode([certificate]));
  }
  const added = textOf(document);
  const [problem] = estateProblems(added);
  if (problem !== undefined)
    throw new SmokeError(`estate file: with ${run} in it, ${problem.path} ${problem.problem}; ${problem.fix}`);
  return added;
}

/** The text without what runs have added: those for which `isOver` holds. The same text when there is nothing of them. */
export function withoutEntries(text: string, isOver: (run: string) => boolean): string {
  const document = parseDocument(text);
  const isOurs = (name: unknown): boolean => {
    const run = typeof name === 'string' ? runOf(name) : undefined;
    return run !== undefined && isOver(run);
  };
  let removed = 0;
  const plans = document.get('plans');
  if (isMap(plans)) {
    for (const { key } of [...plans.items]) {
      const name = isScalar(key) ? key.value : key;
      if (isOurs(name) && plans.delete(name)) removed++;
    }
  }
  const certificates = document.get('certificates');
  if (isSeq(certificates)) {
    const kept = certificates.items.filter(
      (item) => !(isMap(item) && isOurs(item.get('name')) && isOurs(item.get('plan'))),
    );
    removed += certificates.items.length - kept.length;
    certificates.items = kept;
  }
  return removed === 0 ? text : textOf(document);
}

function textOf(document: Document): string {
  return document.toString({ lineWidth: 0 });
}
