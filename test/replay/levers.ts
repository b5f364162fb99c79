import { createKeys } from '../../local/pki.ts';
import { type ErrorCode, RenewalError } from '../../src/errors.ts';
import type { OrderRow } from '../../src/estate/port.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { Target } from '../../src/plan/targets/target.ts';
import { percentWaves } from '../../src/plan/waves.ts';
import { cancelRenewal } from '../../src/renewal/cancel.ts';
import type { StepName, VersionSummary } from '../../src/renewal/story.ts';
import type { TargetAdapter } from '../../src/targets/port.ts';
import type { Inspection } from '../../src/vault/port.ts';
import { NOW, pendingOf, plan, site, type World } from '../builders/world.ts';
import type { OrchestratorName } from './app.ts';
import type { BenchOptions, Meanwhile } from './bench.ts';
import type { Path } from './path.ts';

type Arrange = NonNullable<Path['arrange']>;

export const two: readonly Target[] = [site('a'), site('b')];
export const patient = { everySeconds: 10, forSeconds: 600 };
export const rollout = plan().rollout;
export const atOnce = plan({ rollout: { ...rollout, waves: percentWaves([100]) } });
export const renewal: readonly OrchestratorName[] = ['renewCertificate'];
export const served = ['renewed', 'served'] as const;

/** Only changes the world before the renewal begins. */
export function change(act: (world: World) => void | Promise<void>): Arrange {
  return async (world) => {
    await act(world);
    return {};
  };
}

/** Does something right before the step of that name runs: before its first call, or before the one of that count. */
export function before(step: StepName, act: Meanwhile, count = 1): BenchOptions {
  return { meanwhile: (at) => (at.step === step && at.count === count ? act(at) : undefined) };
}

/** A person cancels the renewal that the step belongs to. */
export const cancel: Meanwhile = ({ input, app }) => cancelRenewal(String(input.renewalId), app);

export function cancelAt(point: string): Arrange {
  return () => ({ meanwhile: (at) => (at.input.point === point ? cancel(at) : undefined) });
}

/** The vault's verb fails as often as said, from the step on. */
export function vaultFails(world: World, step: StepName, failing: { verb: string; code: ErrorCode; times: number }) {
  let left = failing.times;
  return before(step, () => {
    world.vault.fail = (verb) => {
      if (verb !== failing.verb || left === 0) return;
      left -= 1;
      throw new RenewalError(failing.code, `key-vault: ${verb} failed: vault=kv-web, name=shop`);
    };
  });
}

/** The issuer answers its first polls in another way. */
export function firstPolls(world: World, times: number, answer: Issuer['poll']): void {
  let left = times;
  const honest = world.app.issuer;
  world.levers.issuer = {
    async poll(order) {
      left -= 1;
      if (left >= 0) return answer(order);
      world.levers.issuer = {};
      return honest(await world.app.estate(), 'internal').poll(order);
    },
  };
}

export function pendingFor(seconds: number): Issuer['poll'] {
  return async () => ({ state: 'pending', retryAfterSeconds: seconds });
}

export function throwing(code: ErrorCode): () => Promise<never> {
  return () => Promise.reject(new RenewalError(code, `${code} in this test`));
}

/** Targets that behave as the world's do, but for what is said. */
export function targets(world: World, changes: Partial<TargetAdapter>): BenchOptions {
  return {
    adapters: { target: (estate, issuer, kind) => ({ ...world.app.target(estate, issuer, kind), ...changes }) },
  };
}

/** The target takes what it should serve only right before its probe of that count. */
export function takesAtProbe(world: World, count: number, slow = site('shop')): BenchOptions {
  let probes = 0;
  world.lying.add(slow.id);
  return {
    meanwhile({ step, input }) {
      const { target, version } = input as { readonly target?: Target; readonly version?: VersionSummary };
      if (step !== 'probe' || target?.id !== slow.id || version === undefined) return;
      probes += 1;
      if (probes === count) world.served.set(slow.id, version.sha256);
    },
  };
}

/** Deployments say when to look first, and the targets serve the new version only so many seconds after them. */
export function servesLate(world: World, lookAfterSeconds: number, seconds: number): BenchOptions {
  const due = new Map<string, number>();
  return {
    adapters: {
      target: (...asked) => {
        const adapter = world.app.target(...asked);
        return {
          ...adapter,
          async deploy(target) {
            due.set(target.id, world.clock.now().getTime() + seconds * 1000);
            return { state: 'deployed', detail: 'soon', lookAfterSeconds };
          },
          async probe(target, look) {
            if (world.clock.now().getTime() >= (due.get(target.id) ?? Number.POSITIVE_INFINITY))
              world.served.set(target.id, look.version.sha256);
            return adapter.probe(target, look);
          },
        };
      },
    },
  };
}

export function editPolicy(world: World): void {
  const held = world.vault.get('shop');
  if (held.state === 'present') world.vault.set('shop', { ...held, policy: { ...held.policy, exportable: false } });
}

/** Somebody, perhaps an earlier renewal of ours, has a request pending in the vault. */
export async function pend(world: World, order?: 'requested' | 'submitted'): Promise<void> {
  const held = world.vault.get('shop') as Extract<Inspection, { state: 'present' }>;
  const pending = pendingOf(held.policy, await createKeys('P-256'));
  world.vault.set('shop', { ...held, pending });
  if (order === undefined) return;
  const { csrSha256, csr, requestId } = pending;
  const row: OrderRow = {
    ...{ renewalId: 'earlier', vault: 'kv-web', name: 'shop', issuer: 'internal', createdAt: NOW.toISOString() },
    ...{ csrSha256, requestId, state: order },
  };
  const issuer = world.app.issuer(await world.app.estate(), 'internal');
  const submitted = order === 'submitted' && (await issuer.submit({ renewalId: 'earlier', csr, validityDays: 90 }));
  const reference = submitted && 'reference' in submitted ? { reference: submitted.reference } : {};
  await world.app.store.saveOrder({ ...row, ...reference });
}

/** Another version becomes current, by somebody else's hand. */
export function replaceCurrent(world: World): void {
  const held = world.vault.get('shop');
  if (held.state !== 'present' || held.current === undefined) return;
  const dates = { notBefore: NOW.toISOString(), notAfter: new Date(NOW.getTime() + 90 * 86_400_000).toISOString() };
  const current = { ...held.current, version: 'c'.repeat(32), sha256: 'c'.repeat(64), ...dates };
  world.vault.set('shop', { ...held, current });
}

/** A chain of the right issuer for somebody else's key. */
export async function foreignChain(world: World): Promise<Issuer['poll']> {
  const held = world.vault.get('shop') as Extract<Inspection, { state: 'present' }>;
  const issuer = world.app.issuer(await world.app.estate(), 'internal');
  const { csr } = pendingOf(held.policy, await createKeys('P-256'));
  await issuer.submit({ renewalId: 'foreign', csr, validityDays: 90 });
  return () => issuer.poll({ reference: 'foreign', csr: async () => csr });
}

/** The row says that the current version was merged by an earlier renewal, and was not seen served everywhere. */
export async function leaveUndeployed(world: World): Promise<void> {
  const held = world.vault.get('shop');
  const undeployed = held.state === 'present' ? held.current?.version : undefined;
  const row = { vault: 'kv-web', name: 'shop', plan: 'web', owner: 'team-web', state: 'idle', attempt: 1 } as const;
  await world.app.store.saveCertificate({ ...row, failedAttempts: 0, ...(undeployed && { undeployed }) });
}
