import { derToPem } from '../../src/certificate/pem.ts';
import type { SecretRead } from '../arm/app-service-types.ts';
import { type Bundle, readBundle, sentChain } from '../arm/pfx.ts';
import type { StandClock } from '../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../emulator.ts';
import { signatureOf, signatureProblem } from '../issuers/webhook/signature.ts';

/**
 * `lies`: what is taken is never served. `fails`: what is taken fails. `unsigned`: answers are not signed. `stale`: answers
 * carry the signature of another message. `parrots`: it reports the hash that it was told, without any certificate.
 */
export type DeployHookFault = 'lies' | 'fails' | 'unsigned' | 'stale' | 'parrots';

export interface DeployHookOptions {
  readonly clock: StandClock;
  /** Of the URL; everything else is 404. */
  readonly path: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Reads `{vault}/secrets/{name}/{version}` as whoever deploys there. */
  readonly readSecret: (secretId: string) => Promise<SecretRead>;
  /** What is served at first. */
  readonly serving: Bundle;
  /** How long a change takes; 60 by default. */
  readonly deploySeconds?: number;
  /** Whether it knows how to go back; true by default. */
  readonly goesBack?: boolean;
  readonly faults?: ReadonlySet<DeployHookFault>;
}

/** Something outside Azure that deploys when it is told to, and what it serves. */
export interface DeployHook extends Emulator {
  serving(): Bundle;
  /** Ids of the messages that it has taken, each once. */
  readonly taken: ReadonlySet<string>;
  /** Every message that came, by its type. */
  readonly heard: readonly string[];
  /** Called when something else is served than before. */
  watch(watcher: (serving: Bundle) => void): void;
}

interface Desk {
  readonly options: DeployHookOptions;
  readonly taken: Set<string>;
  readonly heard: string[];
  readonly watchers: ((serving: Bundle) => void)[];
  serving: Bundle;
  before?: string;
  runningSince: Date;
  told?: string;
  state: 'serving' | 'pending' | 'failed';
}

export function createDeployHook(options: DeployHookOptions): DeployHook {
  const desk: Desk = {
    ...{ options, taken: new Set(), heard: [], watchers: [] },
    ...{ serving: options.serving, runningSince: options.clock.now(), state: 'serving' },
  };
  return {
    handle: async (request) => answer(desk, request),
    serving: () => desk.serving,
    ...{ taken: desk.taken, heard: desk.heard },
    watch: (watcher) => void desk.watchers.push(watcher),
  };
}

async function answer(desk: Desk, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { options, heard } = desk;
  if (request.method !== 'POST' || request.url.pathname !== options.path) return problem(404, 'There is nothing here');
  const wrong = signatureProblem(options.secret, request, options.clock.now());
  if (wrong !== undefined) return problem(401, wrong);
  const { type, data } = (jsonBody(request) ?? {}) as { type?: string; data?: Record<string, string> };
  heard.push(String(type));
  if (type === 'perennial.certificate.status') return signed(desk, request, status(desk));
  if (type === 'perennial.certificate.roll-back' && options.goesBack === false)
    return problem(501, 'This does not know how to go back');
  if (type !== 'perennial.certificate.deploy' && type !== 'perennial.certificate.roll-back')
    return problem(400, 'This is no message for me');
  return take(desk, request, data ?? {});
}

/** The id says whether a message was there before: the same one is taken once. */
async function take(desk: Desk, request: EmulatorRequest, data: Record<string, string>): Promise<EmulatorResponse> {
  const { options, taken } = desk;
  const id = request.headers['webhook-id'] ?? '';
  if (taken.has(id)) return jsonResponse(202, {});
  const read = await options.readSecret(data.secretId ?? '');
  const bundle = read.state === 'ok' ? readBundle(read.value) : undefined;
  if (bundle === undefined) return problem(422, 'The secret cannot be read');
  taken.add(id);
  desk.state = 'pending';
  desk.told = data.sha256 ?? '';
  const due = new Date(options.clock.now().getTime() + (options.deploySeconds ?? 60) * 1000);
  options.clock.at(due, () => change(desk, bundle));
  return jsonResponse(202, {}, { 'retry-after': '30' });
}

function change(desk: Desk, bundle: Bundle): void {
  const { faults = new Set(), clock } = desk.options;
  desk.state = faults.has('fails') ? 'failed' : 'serving';
  if (faults.has('fails') || faults.has('lies')) return;
  desk.before = hash(desk.serving);
  desk.serving = bundle;
  desk.runningSince = clock.now();
  for (const watcher of desk.watchers) watcher(bundle);
}

function status({ state, serving, before, runningSince, told, options }: Desk): object {
  if (options.faults?.has('parrots') && told !== undefined) return { state: 'serving', sha256: told, runningSince };
  if (state === 'pending') return { state, reason: 'the change goes on' };
  if (state === 'failed') return { state, reason: 'The service did not start' };
  const certificates = sentChain(serving).map(({ raw }) => derToPem(raw));
  return { state, certificates: certificates.join(''), runningSince, ...(before !== undefined && { before }) };
}

/** An answer is signed as the message was, under the message's own id. */
function signed({ options }: Desk, { headers }: EmulatorRequest, body: object): EmulatorResponse {
  const { clock, secret, faults = new Set() } = options;
  const text = JSON.stringify(body);
  const id = faults.has('stale') ? 'another' : (headers['webhook-id'] ?? '');
  const timestamp = String(Math.floor(clock.now().getTime() / 1000));
  const signature = signatureOf(secret, { id, timestamp, body: Buffer.from(text) });
  if (faults.has('unsigned')) return jsonResponse(200, body);
  return jsonResponse(200, body, {
    ...{ 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature },
  });
}

function hash({ leaf }: Bundle): string {
  return leaf.fingerprint256.replaceAll(':', '').toLowerCase();
}

function problem(status: number, detail: string): EmulatorResponse {
  return jsonResponse(status, { status, detail }, { 'content-type': 'application/problem+json' });
}
