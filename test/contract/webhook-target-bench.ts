import { randomBytes } from 'node:crypto';
import type { SecretRead } from '../../local/arm/app-service-types.ts';
import { type Bundle, readBundle } from '../../local/arm/pfx.ts';
import { ManualClock } from '../../local/clock.ts';
import { listen, type Served, servedWith } from '../../local/consumers/listener.ts';
import {
  createDeployHook,
  type DeployHook,
  type DeployHookFault,
  type DeployHookOptions,
} from '../../local/consumers/webhook-receiver.ts';
import { jsonResponse } from '../../local/emulator.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { createLine } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { Arm } from '../../src/azure/arm.ts';
import { RenewalError } from '../../src/errors.ts';
import type { WebhookTarget } from '../../src/plan/targets/webhook.ts';
import type { TargetOptions } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { HOST, type MadeSecret, START } from '../unit/local/arm/bench.ts';
import { makeGatewaySecrets, type Secrets, versionOf } from './application-gateway-bench.ts';
import type { TargetBench } from './target-under-test.ts';

const transport = createTransportCa();
const VAULT = 'https://kv-credentials.vault.azure.net/secrets';
export const TOKEN = 'a-part-of-the-url-that-nobody-may-see';

export interface HookWish {
  /** Probed over TLS, or reported. */
  readonly seen: 'endpoint' | 'report';
  readonly faults?: readonly DeployHookFault[];
  readonly hook?: Partial<DeployHookOptions>;
  /** Takes the place of what the vault holds, by the name of the secret. */
  readonly held?: Readonly<Record<string, string>>;
  readonly options?: Partial<TargetOptions>;
}

/** A receiver on HTTPS that serves the old version, and the adapter before it. */
export async function openHook({ ca, old, renewed }: Secrets, wish: HookWish) {
  const clock = new ManualClock(START);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const hook = createDeployHook({
    ...{ clock, secret, path: `/hooks/${TOKEN}`, serving: bundleOf(old), faults: new Set(wish.faults) },
    readSecret: async (id) =>
      [old, renewed].find((one) => id.endsWith(`/shop/${versionOf(one).version}`))?.secret ?? none,
    ...wish.hook,
  });
  const line = createLine();
  const planted = plantAt(line);
  const listener = await serveEmulator(hook, { port: 0, tls: transport.issue(), line });
  const serving = new Map<string, Served>([[HOST, servedWith(hook.serving())]]);
  hook.watch((bundle) => serving.set(HOST, servedWith(bundle)));
  const front = await listen(serving, { port: 0, name: 'webhook' });
  const held: Readonly<Record<string, string>> = { url: `${listener.url}/hooks/${TOKEN}`, hook: secret, ...wish.held };
  const target: WebhookTarget = {
    ...{ kind: 'webhook', id: 'webhook:shop', name: 'shop', url: `${VAULT}/url`, secret: `${VAULT}/hook` },
    trust: [transport.caPem],
    ...(wish.seen === 'endpoint' && { endpoint: { host: '127.0.0.1', port: front.port, sni: HOST } }),
  };
  const adapter = createTarget('webhook', {
    ...{ arm: noArm, clock, roots: [ca.root.pem] },
    secret: async (id) => held[id.slice(VAULT.length + 1)] ?? thrown(id),
    ...wish.options,
  });
  return {
    ...{ adapter, target, hook, clock, plant: planted, serving },
    pass: async (seconds: number) => clock.advance(seconds * 1000),
    async close() {
      await listener.close();
      await front.close();
    },
  };
}

const none: SecretRead = { state: 'secret-unknown' };

function thrown(id: string): never {
  throw new RenewalError('vault-forbidden', `key-vault: read secret failed: 403: ${id}`);
}

/** A webhook asks nothing of Azure. */
const noArm = new Proxy({} as Arm, {
  get: () => () => {
    throw new TypeError('a webhook asked Azure Resource Manager');
  },
});

function plantAt(line: ReturnType<typeof createLine>) {
  const answers: Parameters<Awaited<ReturnType<TargetBench['setUp']>>['plant']>[0][] = [];
  line.add(async (_request, next) => {
    const response = answers.shift();
    return response === undefined ? next() : { state: 'whole', response };
  });
  return (answer: (typeof answers)[number]): void => void answers.push(answer);
}

export function bundleOf({ secret }: MadeSecret): Bundle {
  const bundle = secret.state === 'ok' ? readBundle(secret.value) : undefined;
  if (bundle === undefined) throw new TypeError('the secret is no bundle');
  return bundle;
}

function effectsOf(hook: DeployHook): () => number {
  let effects = 0;
  hook.watch(() => {
    effects += 1;
  });
  return () => effects;
}

/** The webhook in the words of every target's suite. */
export const webhookTarget = (seen: HookWish['seen']): TargetBench => ({
  title: `Webhook seen by ${seen}, as every kind of target`,
  lacks: {
    pulled: 'nothing is known of what it takes by itself',
    ...(seen === 'report' && { lies: 'a receiver that signs a false report is believed: give it an endpoint' }),
  },
  demands: ['signature'],
  conflicts: [jsonResponse(409, { detail: 'Another change goes on' }), jsonResponse(412, { detail: 'It has changed' })],
  async setUp({ lies = false, gone = false, without }) {
    const secrets = await makeGatewaySecrets();
    const { old, renewed } = secrets;
    const open = await openHook(secrets, {
      ...{ seen, faults: lies ? ['lies'] : [] },
      ...(without === 'signature' && { hook: { secret: `whsec_${randomBytes(32).toString('base64')}` } }),
      ...(gone && { hook: { path: '/elsewhere' } }),
    });
    return {
      ...{ adapter: open.adapter, target: open.target, old: versionOf(old), renewed: versionOf(renewed) },
      ...{ pass: open.pass, plant: open.plant, tearDown: open.close, effects: effectsOf(open.hook) },
      writes: () => open.hook.taken.size,
    };
  },
});
