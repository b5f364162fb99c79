import type { Clock } from '../../../src/clock.ts';
import { createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { createAuthorities } from '../authorities.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaultKind, type IssuerFaults } from '../faults.ts';
import { signatureOf, signedHeaders } from '../webhook/signature.ts';
import { type AdCsFaultKind, createEmulatedCa, type EmulatedCa, type Ran } from './certreq.ts';

export interface WorkerOptions {
  readonly clock: Clock;
  readonly issuer: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** `host\name` of the CA. */
  readonly config: string;
  readonly templates: readonly string[];
  /** Carries a call to the app. */
  readonly call: (
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }>;
  readonly faults?: readonly IssuerFault<IssuerFaultKind | AdCsFaultKind>[];
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
}

/** The worker of `relay/ad-cs-worker.ps1` in another language, with the CA that it stands beside. */
export interface AdCsWorker {
  readonly faults: IssuerFaults<IssuerFaultKind | AdCsFaultKind>;
  readonly ca: EmulatedCa;
  roots(): readonly Buffer[];
  readonly issuedCount: () => number;
  /** Statuses of its answers, in their order. */
  readonly answers: readonly number[];
  /** One run of the scheduled task, on the machine of that name. */
  run(worker?: string): Promise<void>;
}

interface Task {
  readonly reference: string;
  readonly attempt: number;
  readonly nonce: string;
  readonly ca: string;
  readonly action: 'submit' | 'retrieve';
  readonly template?: string;
  readonly csr?: string;
  readonly requestId?: string;
}

type Outcome = Ran & { readonly outcome: 'ran' | 'stopped' };

/** The machine went away. */
class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export function createAdCsWorker(options: WorkerOptions): AdCsWorker {
  const { clock, issuer, secret, config, templates, random, keyPool } = options;
  const chance = createChance(random);
  const faults = createIssuerFaults(chance, options.faults);
  const authorities = createAuthorities({ called: 'Stand AD CS', clock, chance, keyPool });
  const ca = createEmulatedCa({ ...{ clock, chance, authorities, config, templates }, faults: faults as IssuerFaults });
  /** The files of each machine: an empty text for a request whose `certreq` has not come back. */
  const files = new Map<string, string>();
  const answers: number[] = [];

  const send = async (path: string, content: object) => {
    const body = JSON.stringify(content);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      ...signedHeaders(secret, body, clock.now()),
    };
    const answer = await options.call(`/api/relay/${issuer}/${path}`, headers, body);
    return { ...answer, id: headers['webhook-id'] ?? '' };
  };

  const submit = async (task: Task, worker: string): Promise<Outcome> => {
    const file = `${worker}/${task.reference}-${task.attempt}`;
    const known = files.get(file);
    if (known === '') return { outcome: 'stopped', exitCode: 0, output: '', certificates: '' };
    if (known !== undefined) return JSON.parse(known) as Outcome;
    files.set(file, '');
    const reached = faults.strike('ca-unreachable') === undefined ? task.ca : '';
    const ran = await ca.submit({ config: reached, template: task.template ?? '', csr: task.csr ?? '' });
    if (faults.strike('stops-while-submitting')) throw new StoppedError('while certreq ran');
    const outcome = { outcome: 'ran', ...ran } as const;
    files.set(file, JSON.stringify(outcome));
    return outcome;
  };

  const perform = async (task: Task, worker: string): Promise<void> => {
    const ran: Outcome =
      task.action === 'submit'
        ? await submit(task, worker)
        : { outcome: 'ran', ...ca.retrieve({ config: task.ca, requestId: task.requestId ?? '' }) };
    if (faults.strike('stops-before-answer')) throw new StoppedError('before it answered');
    const { reference, nonce } = task;
    answers.push((await send('answers', { issuer, reference, nonce, ...ran })).status);
  };

  return {
    faults,
    ca,
    answers,
    roots: () => authorities.roots(),
    issuedCount: () => [...ca.requests.values()].filter(({ disposition }) => disposition === 3).length,
    async run(worker = 'ca01') {
      const { status, headers, text, id } = await send('requests', { issuer, worker });
      if (status !== 200) throw new TypeError(`asked what is to be done: ${status} ${text}`);
      const timestamp = headers['webhook-timestamp'] ?? '';
      if (headers['webhook-signature'] !== signatureOf(secret, { id, timestamp, body: Buffer.from(text) })) {
        throw new TypeError('the answer is not signed with the secret of this issuer');
      }
      for (const task of (JSON.parse(text) as { readonly tasks: readonly Task[] }).tasks) {
        await perform(task, worker).catch((error: unknown) => {
          if (!(error instanceof StoppedError)) throw error;
        });
      }
    },
  };
}
