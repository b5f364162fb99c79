import { randomBytes } from 'node:crypto';
import { ManualClock } from '../../local/clock.ts';
import { type AdCsWorker, createAdCsWorker } from '../../local/issuers/ad-cs/worker.ts';
import type { OrderCall } from '../../src/api/orders.ts';
import { postWorkerAnswer, postWorkerCall } from '../../src/api/relay.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryRelay } from '../../src/estate/relayed-memory.ts';
import { create } from '../../src/issuers/ad-cs.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { AdCsPlan } from '../../src/plan/issuers/ad-cs.ts';
import { estateWith } from '../builders/estate.ts';
import { bodyOf } from './manual-bench.ts';

export const DOMAIN = 'contoso.example';
const ISSUER = 'corporate';

/** An AD CS issuer, the app's API, and a worker with its CA. */
export interface AdCsBench {
  readonly issuer: Issuer;
  readonly worker: AdCsWorker;
  readonly clock: ManualClock;
  readonly plan: AdCsPlan;
  readonly secret: string;
  readonly relayed: ReturnType<typeof createMemoryRelay>;
  /** A call to the app, as it answers it. */
  readonly call: (
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }>;
}

export function startAdCs(change: Partial<AdCsPlan> = {}): AdCsBench {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const relayed = createMemoryRelay();
  const random = (size: number): Uint8Array => randomBytes(size);
  const credential = { value: async () => secret, forget: () => undefined };
  const call: AdCsBench['call'] = async (path, headers, body) => {
    const [, issuer = '', what] = /^\/api\/relay\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
    const post = what === 'requests' ? postWorkerCall : postWorkerAnswer;
    const answer = await post(orders, issuer, {
      contentType: headers['content-type'] ?? null,
      header: (name) => headers[name] ?? null,
      body: bodyOf(body),
    });
    return { status: answer.status, headers: answer.headers, text: JSON.stringify(answer.body) };
  };
  const config = 'ca01.contoso.example\\Contoso Issuing CA';
  const worker = createAdCsWorker({ clock, issuer: ISSUER, secret, config, templates: ['WebServerKeyVault'], call });
  const plan: AdCsPlan = {
    ...{ kind: 'ad-cs', ca: config, template: 'WebServerKeyVault', retrieveSeconds: 900 },
    secret: 'https://kv-credentials.vault.azure.net/secrets/ad-cs',
    ...{ private: true, pollSeconds: 60, answerDays: 60, chain: [] },
    roots: worker.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN] },
    ...change,
  };
  const orders: OrderCall = {
    app: { clock, relayed, random, estate: async () => estateWith({ [ISSUER]: plan }), credential: () => credential },
    base: 'https://app.example',
  };
  return { issuer: create(plan, { name: ISSUER, relayed, clock, random }), worker, clock, plan, secret, relayed, call };
}
