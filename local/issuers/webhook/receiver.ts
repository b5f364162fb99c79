import { randomBytes } from 'node:crypto';
import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import { derToPem, findCertificates } from '../../../src/certificate/pem.ts';
import type { Clock } from '../../../src/clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../../emulator.ts';
import { type Chance, createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { certifyAt } from '../certify.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { signatureProblem, signedHeaders } from './signature.ts';

/** A message to the app, with its headers. */
export interface Callback {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ReceiverOptions {
  readonly clock: Clock;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Carries callbacks to the app and answers with their status; absent: orders are asked for. */
  readonly callBack?: (callback: Callback) => Promise<number>;
  /** How long an order takes; 60 by default. */
  readonly answerSeconds?: number;
  readonly faults?: readonly IssuerFault[];
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
}

/** An order as the receiver has it. */
export interface ReceivedOrder {
  readonly reference: string;
  readonly id: string;
  readonly names: readonly string[];
  readonly csr: string;
  readonly validityDays: number;
  readonly callbackUrl?: string;
  readonly dueAt: Date;
  state: 'pending' | 'issued' | 'rejected' | 'cancelled';
  chain?: string;
  reason?: string;
  /** Statuses of the callbacks about it, in their order. */
  readonly told: number[];
}

/** Whatever stands before a CA and takes orders by webhook, with what only its owner sees and does. */
export interface WebhookReceiver extends Emulator {
  readonly faults: IssuerFaults;
  roots(): readonly Buffer[];
  readonly orders: () => readonly ReceivedOrder[];
  readonly issuedCount: () => number;
  /** Decides what is due, and calls back about it until the app has taken or refused it. */
  answerDue(): Promise<void>;
}

interface Desk {
  readonly options: ReceiverOptions;
  readonly chance: Chance;
  readonly faults: IssuerFaults;
  readonly authorities: Authorities;
  readonly orders: Map<string, ReceivedOrder>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BUSY_SECONDS = 60;
const COMMON_NAME = '2.5.4.3';

export function createWebhookReceiver(options: ReceiverOptions): WebhookReceiver {
  const { clock, random, keyPool } = options;
  const chance = createChance(random);
  const desk: Desk = {
    ...{ options, chance },
    faults: createIssuerFaults(chance, options.faults),
    authorities: createAuthorities({ called: 'Stand Webhook', clock, chance, keyPool }),
    orders: new Map(),
  };
  return {
    faults: desk.faults,
    roots: () => desk.authorities.roots(),
    orders: () => [...desk.orders.values()],
    issuedCount: () => [...desk.orders.values()].filter(({ state }) => state === 'issued').length,
    handle: async (request) => truncated(desk, await answer(desk, request)),
    async answerDue() {
      for (const order of desk.orders.values()) {
        decide(desk, order);
        if (order.state !== 'pending' && !isTold(order)) await callBack(desk, order);
      }
    },
  };
}

async function answer(desk: Desk, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { faults, options } = desk;
  if (faults.strike('server-error')) return problem(500, 'Something went wrong');
  if (faults.strike('busy')) return problem(503, 'Come back later', { 'retry-after': String(BUSY_SECONDS) });
  const wrong = faults.strike('credentials-refused')
    ? 'No matching signature found'
    : signatureProblem(options.secret, request, options.clock.now());
  if (wrong !== undefined) return problem(401, wrong);
  const { method, url } = request;
  const asked = /^\/orders\/([0-9a-f]+)$/.exec(url.pathname)?.[1];
  if (method === 'GET' && asked !== undefined) return show(desk, asked);
  if (method === 'POST' && url.pathname === '/orders') return take(desk, request);
  if (method === 'POST' && url.pathname === '/cancellations') return cancel(desk, request);
  return problem(404, 'There is nothing here');
}

/** The id says whether a message was there before: the same one is taken once. */
async function take(desk: Desk, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { faults, options } = desk;
  if (faults.strike('rate-limited')) return problem(429, 'Too many orders', { 'retry-after': String(BUSY_SECONDS) });
  const id = request.headers['webhook-id'] ?? '';
  if ([...desk.orders.values()].some((order) => order.id === id)) return jsonResponse(202, { state: 'pending' });
  const data = dataOf(jsonBody(request), 'perennial.order.placed');
  if (data === undefined) return problem(400, 'This is no order');
  const { reference, csr, names, validityDays, callbackUrl } = data;
  const wish = typeof csr === 'string' ? await readWish(csr) : undefined;
  if (wish === undefined) return problem(422, 'The CSR is not one that its own key has signed');
  if (typeof reference !== 'string' || !Array.isArray(names) || typeof validityDays !== 'number') {
    return problem(400, 'reference, names or validityDays is missing');
  }
  const dueAt = new Date(options.clock.now().getTime() + (options.answerSeconds ?? 60) * 1000);
  const back = typeof callbackUrl === 'string' ? { callbackUrl } : {};
  const order = { reference, id, names: names.map(String), csr: wish, validityDays, ...back, dueAt };
  desk.orders.set(reference, { ...order, state: 'pending', told: [] });
  return jsonResponse(202, { state: 'pending' });
}

async function readWish(pem: string): Promise<string | undefined> {
  const base64 = /^-----BEGIN CERTIFICATE REQUEST-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE REQUEST-----\n$/.exec(
    pem,
  );
  if (base64?.[1] === undefined) return undefined;
  return (await verifyCsr(Buffer.from(base64[1], 'base64'))) ? base64[1] : undefined;
}

function show(desk: Desk, reference: string): EmulatorResponse {
  const order = desk.orders.get(reference);
  if (order === undefined) return problem(404, 'No such order');
  decide(desk, order);
  const { state, chain, reason } = order;
  if (state === 'issued') return jsonResponse(200, { state, chain });
  if (state === 'pending') return jsonResponse(200, { state, retryAfterSeconds: BUSY_SECONDS });
  return jsonResponse(200, { state: 'rejected', reason: reason ?? 'It was cancelled' });
}

function cancel(desk: Desk, request: EmulatorRequest): EmulatorResponse {
  const { reference } = dataOf(jsonBody(request), 'perennial.order.cancelled') ?? {};
  const order = desk.orders.get(String(reference));
  if (order === undefined) return problem(404, 'No such order');
  decide(desk, order);
  if (order.state === 'issued') return problem(409, 'It was issued already');
  order.state = 'cancelled';
  return { status: 204, headers: {} };
}

/** Somebody looks at the order when it is due, and no earlier than they are allowed to. */
function decide({ options, faults, authorities }: Desk, order: ReceivedOrder): void {
  const now = options.clock.now();
  if (order.state !== 'pending' || order.dueAt > now || faults.strike('held', order.names)) return;
  if (faults.strike('rejected', order.names)) {
    order.state = 'rejected';
    order.reason = 'The owner of these names did not agree';
    return;
  }
  const notBefore = new Date(now.getTime() - HOUR);
  const { spki, subject } = readCsr(Buffer.from(order.csr, 'base64'));
  const leaf = certifyAt(
    { authorities, faults },
    {
      ...{ spki, names: order.names, commonName: commonNameOf(subject) },
      ...{ notBefore, notAfter: new Date(notBefore.getTime() + order.validityDays * DAY - 1000) },
    },
  );
  order.state = 'issued';
  order.chain = [leaf.der, ...leaf.above].map((der) => derToPem(der)).join('');
}

function commonNameOf(subject: ReturnType<typeof readCsr>['subject']): string | undefined {
  return subject.flat().find(({ type }) => type === COMMON_NAME)?.value;
}

/** Told is what the app has taken, and what it has refused for good. */
function isTold({ told }: ReceivedOrder): boolean {
  return told.some((status) => status < 300 || [404, 409, 422].includes(status));
}

async function callBack({ options, faults }: Desk, order: ReceivedOrder): Promise<void> {
  const { reference, state, chain, reason, callbackUrl } = order;
  if (options.callBack === undefined || callbackUrl === undefined || state === 'cancelled') return;
  const secret = faults.strike('credentials-refused') ? `whsec_${randomBytes(32).toString('base64')}` : options.secret;
  const body = JSON.stringify(state === 'issued' ? { reference, state, chain } : { reference, state, reason });
  const headers = { 'content-type': 'application/json', ...signedHeaders(secret, body, options.clock.now()) };
  order.told.push(await options.callBack({ url: callbackUrl, headers, body }));
}

function dataOf(message: unknown, type: string): Readonly<Record<string, unknown>> | undefined {
  const { type: given, data } = (message ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  return given === type && typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined;
}

function problem(status: number, detail: string, headers: Record<string, string> = {}): EmulatorResponse {
  return jsonResponse(status, { status, detail }, { 'content-type': 'application/problem+json', ...headers });
}

function truncated({ faults }: Desk, response: EmulatorResponse): EmulatorResponse {
  const { body } = response;
  if (typeof body !== 'string' || faults.strike('truncated-body') === undefined) return response;
  return { ...response, body: body.slice(0, body.length >> 1) };
}

/** The certificates of an order that was issued. */
export function certificatesOf({ chain = '' }: ReceivedOrder): readonly Uint8Array[] {
  const found = findCertificates(chain);
  return found.state === 'read' ? found.ders : [];
}
