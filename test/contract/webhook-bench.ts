import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ManualClock } from '../../local/clock.ts';
import {
  createWebhookReceiver,
  type ReceiverOptions,
  type WebhookReceiver,
} from '../../local/issuers/webhook/receiver.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { postCallback } from '../../src/api/callbacks.ts';
import type { OrderCall } from '../../src/api/orders.ts';
import type { Answer } from '../../src/api/renewals.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryRelay } from '../../src/estate/relayed-memory.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import { create, type WebhookDependencies } from '../../src/issuers/webhook.ts';
import type { WebhookPlan } from '../../src/plan/issuers/webhook.ts';
import { estateWith } from '../builders/estate.ts';

export const DOMAIN = 'contoso.example';
export const PUBLIC_URL = 'https://app.example';
const SECRET_ID = 'https://kv-credentials.vault.azure.net/secrets/webhook';

/** A receiver on HTTPS, our issuer before it, and the app's own API behind it. */
export interface WebhookBench {
  readonly receiver: WebhookReceiver;
  readonly issuer: Issuer;
  readonly plan: WebhookPlan;
  readonly clock: ManualClock;
  readonly secret: string;
  readonly relayed: ReturnType<typeof createMemoryRelay>;
  readonly call: OrderCall;
  /** Another issuer of the same rows. */
  readonly restarted: (plan?: Partial<WebhookPlan>, dependencies?: Partial<WebhookDependencies>) => Issuer;
  /** A callback as the app answers it. */
  readonly callBack: (reference: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

const transport = createTransportCa();

/** `answers`: how they come back. */
export async function startWebhook(
  answers: 'callback' | 'status',
  more: Partial<ReceiverOptions> = {},
): Promise<WebhookBench> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const relayed = createMemoryRelay();
  const credential = { value: async () => secret, forget: () => undefined };
  const callBack: WebhookBench['callBack'] = (reference, headers, body) =>
    postCallback(call, reference, {
      contentType: headers['content-type'] ?? null,
      header: (name) => headers[name] ?? null,
      body: { length: String(body.length), stream: Readable.from([Buffer.from(body)]) },
    });
  const receiver = createWebhookReceiver({
    ...{ clock, secret, ...more },
    ...(answers === 'callback' && {
      callBack: async ({ url, headers, body }) =>
        (await callBack(new URL(url).pathname.split('/').at(-1) ?? '', headers, body)).status,
    }),
  });
  const listener = await serveEmulator(receiver, { port: 0, tls: transport.issue() });
  const plan: WebhookPlan = {
    ...{ kind: 'webhook', url: `${listener.url}/orders`, secret: SECRET_ID, keyId: 'perennial' },
    cancelUrl: `${listener.url}/cancellations`,
    ...(answers === 'status' && { statusUrl: `${listener.url}/orders/{reference}` }),
    trust: [transport.caPem],
    ...{ private: true, pollSeconds: 300, answerDays: 60, chain: [] },
    roots: receiver.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN] },
  };
  const call: OrderCall = {
    app: {
      clock,
      relayed,
      random: (size) => randomBytes(size),
      estate: async () => estateWith({ relay: plan }),
      credential: () => credential,
    },
    base: PUBLIC_URL,
  };
  const dependencies: WebhookDependencies = {
    ...{ name: 'relay', relayed, clock, credential },
    random: (size) => randomBytes(size),
    ...(answers === 'callback' && { publicUrl: PUBLIC_URL }),
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  const restarted: WebhookBench['restarted'] = (change = {}, other = {}) =>
    create({ ...plan, ...change }, { ...dependencies, ...other });
  const close = () => listener.close();
  return { receiver, plan, clock, secret, relayed, call, callBack, restarted, close, issuer: restarted() };
}
