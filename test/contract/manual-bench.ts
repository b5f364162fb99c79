import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ManualClock } from '../../local/clock.ts';
import { type Clerk, createClerk } from '../../local/issuers/clerk.ts';
import type { IncomingBody } from '../../src/api/call-body.ts';
import { getCsr, listOrders, type OrderCall, postChain, postRejection, type TextAnswer } from '../../src/api/orders.ts';
import type { Answer } from '../../src/api/renewals.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryRelay } from '../../src/estate/relayed-memory.ts';
import { create } from '../../src/issuers/manual.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { ManualPlan } from '../../src/plan/issuers/manual.ts';
import { estateWith } from '../builders/estate.ts';

export const DOMAIN = 'contoso.example';

/** A manual issuer, the app's API, and a person at a CA. */
export interface ManualBench {
  readonly issuer: Issuer;
  readonly clerk: Clerk;
  readonly clock: ManualClock;
  readonly plan: ManualPlan;
  readonly relayed: ReturnType<typeof createMemoryRelay>;
  readonly call: OrderCall;
}

export function startManual(change: Partial<ManualPlan> = {}): ManualBench {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const relayed = createMemoryRelay();
  const credential = () => {
    throw new TypeError('nobody signs');
  };
  const clerk = createClerk({ clock, call: (method, path, body) => answerTo(call, { method, path, body }) });
  const plan: ManualPlan = {
    ...{ kind: 'manual', private: true, pollSeconds: 300, answerDays: 60, chain: [] },
    roots: clerk.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN] },
    ...change,
  };
  const call: OrderCall = {
    app: {
      clock,
      relayed,
      random: (size) => randomBytes(size),
      estate: async () => estateWith({ 'by-hand': plan }),
      credential,
    },
    base: 'https://app.example',
  };
  const random = (size: number): Uint8Array => randomBytes(size);
  return { issuer: create(plan, { name: 'by-hand', relayed, clock, random }), clerk, clock, plan, relayed, call };
}

export function bodyOf(bytes: Uint8Array | string): IncomingBody {
  const buffer = Buffer.from(bytes as Uint8Array);
  return { length: String(buffer.length), stream: Readable.from([buffer]) };
}

/** The routes of the app, without the host before them. */
async function answerTo(
  call: OrderCall,
  { method, path, body = '' }: { readonly method: string; readonly path: string; readonly body?: string | undefined },
): Promise<{ readonly status: number; readonly text: string }> {
  const [, reference, what] = /^\/api\/orders\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
  const answer = await (async (): Promise<Answer | TextAnswer> => {
    if (method === 'GET') return what === 'csr' ? getCsr(call, reference) : listOrders(call);
    if (what === 'chain') return postChain(call, reference, bodyOf(body));
    return postRejection(call, reference, { contentType: 'application/json', body: bodyOf(body) });
  })();
  return { status: answer.status, text: 'text' in answer ? answer.text : JSON.stringify(answer.body) };
}
