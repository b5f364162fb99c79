import { randomUUID } from 'node:crypto';
import type { StandClock } from '../../clock.ts';
import type { Begun, OperationEnd, Operations } from '../operations.ts';
import { type Bundle, readBundle } from '../pfx.ts';
import { textMember } from '../request.ts';
import { SeedError } from '../resource-id.ts';
import { identityOf, listenersOf, placeOf, seededBody, sslCertificatesOf, writtenBody } from './gateway-body.ts';
import type { Gateway, GatewayError, GatewayFault, GatewaySeed, ReadGatewaySecret } from './gateway-types.ts';

const POLL_MILLISECONDS = 4 * 60 * 60 * 1000;

export type Written =
  | { readonly state: 'accepted'; readonly begun: Begun; readonly gateway: Gateway }
  | { readonly state: 'refused'; readonly error: GatewayError };

/** Application Gateways that were seeded, their writes, and their own looks at the vaults. */
export interface Gateways {
  gateway(resourceId: string): Gateway | undefined;
  gateways(): readonly Gateway[];
  add(seed: GatewaySeed): Promise<Gateway>;
  /** Uploads a certificate to where the seed has one without a secret. */
  hold(resourceId: string, sslCertificate: string, bundle: Bundle): void;
  put(resourceId: string, body: unknown): Promise<Written>;
  setOperationalState(resourceId: string, state: Gateway['operationalState']): void;
  /** Told when a gateway holds other certificates, or has other listeners, than before. */
  watch(watcher: (gateway: Gateway) => void): () => void;
  /** Resolves when no read of a vault runs. */
  settled(): Promise<void>;
  stop(): void;
}

export interface GatewaysOptions {
  readonly clock: StandClock;
  readonly operations: Operations;
  readonly readSecret: ReadGatewaySecret;
  readonly faults?: ReadonlySet<GatewayFault>;
  /** How long a write takes; Azure's takes minutes. */
  readonly writeSeconds?: number;
}

/** Microsoft.Network/applicationGateways: https://learn.microsoft.com/azure/application-gateway/key-vault-certs. */
export function createGateways(options: GatewaysOptions): Gateways {
  const store = createStore();
  const polls = createPolls(options, store);
  const write = writer(options, store);
  return {
    gateway: store.find,
    gateways: store.all,
    async add(seed) {
      const body = seededBody(seed);
      const { held, error } = await readAll(body, options.readSecret);
      if (error !== undefined) throw new SeedError(`${seed.resourceId}: ${error.details?.[0]?.message}`);
      const { resourceId, operationalState = 'Running' } = seed;
      const states = { provisioningState: 'Succeeded', operationalState } as const;
      const place = { resourceId, ...placeOf(resourceId) };
      polls.begin(resourceId);
      return store.keep({ ...place, body, etag: newEtag(), ...states, held, listeners: listenersOf(body) });
    },
    hold(resourceId, sslCertificate, bundle) {
      const now = store.current(resourceId);
      store.tell({ ...now, held: new Map([...now.held, [sslCertificate.toLowerCase(), bundle]]) });
    },
    put: write,
    setOperationalState: (resourceId, operationalState) =>
      store.tell({ ...store.current(resourceId), operationalState }),
    watch: store.watch,
    settled: polls.settled,
    stop: polls.stop,
  };
}

interface Store {
  find(resourceId: string): Gateway | undefined;
  /** A `SeedError` where there is none. */
  current(resourceId: string): Gateway;
  all(): readonly Gateway[];
  keep(gateway: Gateway): Gateway;
  /** Keeps it, and tells the watchers. */
  tell(gateway: Gateway): void;
  watch(watcher: (gateway: Gateway) => void): () => void;
}

function createStore(): Store {
  const byId = new Map<string, Gateway>();
  const watchers = new Set<(gateway: Gateway) => void>();
  const keep = (gateway: Gateway): Gateway => {
    byId.set(gateway.resourceId.toLowerCase(), gateway);
    return gateway;
  };
  return {
    find: (resourceId) => byId.get(resourceId.toLowerCase()),
    current(resourceId) {
      const found = byId.get(resourceId.toLowerCase());
      if (found === undefined) throw new SeedError(`there is no gateway ${resourceId}`);
      return found;
    },
    all: () => [...byId.values()],
    keep,
    tell(gateway) {
      keep(gateway);
      for (const watcher of watchers) watcher(gateway);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** What a gateway does by itself. */
function createPolls({ clock, readSecret, faults = new Set() }: GatewaysOptions, store: Store) {
  const due = new Map<string, () => void>();
  const running = new Set<Promise<void>>();
  const begin = (resourceId: string): void => {
    due.get(resourceId)?.();
    const at = new Date(clock.now().getTime() + POLL_MILLISECONDS);
    due.set(
      resourceId,
      clock.at(at, () => {
        const run: Promise<void> = poll(resourceId).finally(() => running.delete(run));
        running.add(run);
      }),
    );
  };
  const poll = async (resourceId: string): Promise<void> => {
    begin(resourceId);
    if (faults.has('gateway.no-poll')) return;
    const { held } = await readAll(store.current(resourceId).body, readSecret);
    const now = store.current(resourceId);
    // What could not be read stays as it was.
    if (now.operationalState !== 'Stopped') store.tell({ ...now, held: new Map([...now.held, ...held]) });
  };
  return {
    begin,
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all(running);
    },
    stop(): void {
      for (const cancel of due.values()) cancel();
      due.clear();
    },
  };
}

function writer(
  { operations, readSecret, faults = new Set(), writeSeconds = 120 }: GatewaysOptions,
  store: Store,
): Gateways['put'] {
  /** The write that goes on, by the gateway: a later one supersedes it. */
  const writing = new Map<string, string>();
  const finish = (resourceId: string, write: string, held: ReadonlyMap<string, Bundle>): OperationEnd => {
    if (writing.get(resourceId) !== write) return superseded;
    writing.delete(resourceId);
    const now = store.current(resourceId);
    const etag = newEtag();
    if (faults.has('gateway.put-fails')) {
      store.keep({ ...now, etag, provisioningState: 'Failed' });
      return { status: 'Failed', code: 'InternalServerError', message: 'An error occurred.' };
    }
    const read = faults.has('gateway.no-read') ? now.held : new Map([...now.held, ...held]);
    store.tell({ ...now, etag, provisioningState: 'Succeeded', held: read, listeners: listenersOf(now.body) });
    return { status: 'Succeeded' };
  };
  return async (resourceId, written) => {
    const body = writtenBody(written);
    const { held, error } = await readAll(body, readSecret);
    if (error !== undefined) return { state: 'refused', error };
    const { resourceId: id } = store.current(resourceId);
    const write = randomUUID();
    writing.set(id, write);
    const gateway = store.keep({ ...store.current(id), body, etag: newEtag(), provisioningState: 'Updating' });
    const begun = operations.begin({
      ...{ subscription: id.split('/')[2] ?? '', provider: 'Microsoft.Network' },
      location: textMember(body, 'location') ?? 'westeurope',
      ...{ seconds: writeSeconds, finish: () => finish(id, write, held) },
    });
    return { state: 'accepted', begun, gateway };
  };
}

const superseded: OperationEnd = {
  status: 'Canceled',
  code: 'CanceledAndSupersededDueToAnotherOperation',
  message: 'Operation PutApplicationGatewayOperation was canceled and superseded by another operation.',
};

/** Every certificate that refers to a vault, read; the first that cannot be is told as an error. */
async function readAll(
  body: unknown,
  readSecret: ReadGatewaySecret,
): Promise<{ readonly held: ReadonlyMap<string, Bundle>; readonly error?: GatewayError }> {
  const held = new Map<string, Bundle>();
  let error: GatewayError | undefined;
  for (const { name, keyVaultSecretId: id } of sslCertificatesOf(body)) {
    if (id === undefined) continue;
    const read = await readSecret(identityOf(body) ?? '', id);
    const bundle =
      read.state === 'ok' && read.contentType === 'application/x-pkcs12' ? readBundle(read.value) : undefined;
    if (bundle !== undefined) held.set(name.toLowerCase(), bundle);
    else error ??= secretError(id, read.state);
  }
  return error === undefined ? { held } : { held, error };
}

function secretError(secretId: string, state: string): GatewayError {
  const [code, message] =
    state === 'forbidden'
      ? ['AccessDenied', `Access denied for KeyVault Secret '${secretId}'.`]
      : ['Invalid', `The KeyVault Secret '${secretId}' was not found, or is no certificate with its key.`];
  return {
    status: 400,
    code: 'ApplicationGatewayKeyVaultSecretException',
    message:
      'Problem occured while accessing and validating KeyVault Secrets associated with Application Gateway. See details below:',
    details: [{ code: `ApplicationGatewayKeyVaultSecret${code}`, message }],
  };
}

function newEtag(): string {
  return `W/"${randomUUID()}"`;
}
