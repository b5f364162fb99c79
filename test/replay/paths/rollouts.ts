import { RenewalError } from '../../../src/errors.ts';
import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import type { Target } from '../../../src/plan/targets/target.ts';
import type { VersionSummary } from '../../../src/renewal/story.ts';
import { NOW, plan, site, type World } from '../../builders/world.ts';
import { orchestrators } from '../app.ts';
import type { BenchOptions } from '../bench.ts';
import {
  atOnce,
  change,
  firstPolls,
  leaveUndeployed,
  patient,
  pendingFor,
  renewal,
  rollout,
  served,
  servesLate,
  takesAtProbe,
  targets,
  throwing,
  two,
} from '../levers.ts';
import type { Paths } from '../path.ts';

function inSubscription(target: AppServiceTarget, number: number): Target {
  return { ...target, site: target.site.replace('/subscriptions/s/', `/subscriptions/s${number}/`) };
}

/** The target serves the new version once a deployment of any has been asked for. */
function takesIt({ served: serving }: World, id: string, more: () => void = () => undefined): BenchOptions {
  return {
    meanwhile: ({ step, input }) => {
      const { version } = input as { readonly version?: VersionSummary };
      if (step !== 'deploy' || version === undefined) return;
      serving.set(id, version.sha256);
      more();
    },
  };
}

/** From the merge to the end. */
export const rollouts: Paths = {
  'one-target': {
    tells: 'Everything goes well with one target.',
    ends: served,
    records: ['renewCertificate', 'deployGroup', 'deployTarget'],
  },
  'two-waves': {
    tells: 'Two targets are deployed to in two waves, with a rest in between.',
    world: { targets: [...two], plan: plan({ rollout: { ...rollout, soakSeconds: 300 } }) },
    ends: served,
    records: renewal,
  },
  'two-at-once': {
    tells: 'Two targets are deployed to side by side.',
    world: { targets: [...two], plan: atOnce },
    ends: served,
    records: ['renewCertificate', 'deployGroup'],
  },
  'one-slow-of-two': {
    tells: 'Of two targets that are deployed to side by side, the second is done long before the first.',
    world: { targets: [...two], plan: atOnce },
    arrange: (world) => takesAtProbe(world, 4, site('a')),
    ends: served,
    records: ['deployGroup'],
  },
  'two-groups': {
    tells: 'A wave of 51 targets goes in two groups.',
    world: { targets: Array.from({ length: 51 }, (_, index) => site(`site${index}`)), plan: atOnce },
    ends: served,
    records: [],
  },
  'no-targets': {
    tells: 'The certificate has no targets.',
    world: { targets: [] },
    ends: ['renewed', 'no-targets'],
    records: renewal,
  },
  'target-away-before': {
    tells: 'The target did not answer before it was deployed to.',
    arrange: change((world) => {
      world.served.clear();
    }),
    ends: served,
    records: ['deployTarget'],
  },
  'target-slow': {
    tells: 'The target serves the new version after some probes.',
    arrange: (world) => takesAtProbe(world, 4),
    ends: served,
    records: ['deployTarget'],
  },
  'told-when-to-look': {
    tells: 'A deployment says when to look; the canary needs longer, and the second wave is looked at later for it.',
    world: {
      targets: [...two],
      plan: plan({ rollout: { ...rollout, verify: { everySeconds: 30, forSeconds: 600 } } }),
    },
    arrange: (world) => servesLate(world, 20, 90),
    ends: served,
    records: ['renewCertificate', 'deployGroup', 'deployTarget'],
  },
  'target-very-slow': {
    tells: 'The target takes more probes than fit into one history.',
    world: { plan: plan({ rollout: { ...rollout, verify: patient } }) },
    arrange: (world) => takesAtProbe(world, 30),
    ends: served,
    records: ['renewCertificate', 'deployTarget'],
  },
  'target-lies': {
    tells: 'The target says yes and goes on serving the old version; there is no way back.',
    arrange: change((world) => {
      world.lying.add(site('shop').id);
    }),
    ends: ['partly-deployed', 'targets-unverified'],
    records: ['renewCertificate', 'deployTarget', 'rollBackGroup', 'rollBackTarget'],
  },
  'deployed-again': {
    tells:
      'An earlier renewal merged the version, but not every target served it: it is deployed, nothing is requested.',
    world: { leftDays: 85 },
    arrange: async (world) => {
      await leaveUndeployed(world);
      return {};
    },
    ends: served,
    records: renewal,
  },
  'deployed-again-in-vain': {
    tells: 'The target still does not serve the version that is deployed again; there is nothing to roll back to.',
    world: { leftDays: 85 },
    arrange: async (world) => {
      await leaveUndeployed(world);
      world.served.set(site('shop').id, 'f'.repeat(64));
      world.lying.add(site('shop').id);
      return {};
    },
    ends: ['partly-deployed', 'targets-unverified'],
    records: renewal,
  },
  'second-wave-lies': {
    tells: 'The second wave does not serve the new version; both waves are rolled back.',
    world: { targets: [...two] },
    arrange: change((world) => {
      world.lying.add(site('b').id);
      world.levers.rollBack = true;
    }),
    ends: ['rolled-back', 'targets-unverified'],
    records: ['renewCertificate', 'rollBackGroup', 'rollBackTarget'],
  },
  'old-disabled': {
    tells: 'The plan has the old version disabled, once every target serves the new one.',
    world: { plan: plan({ rollout: { ...rollout, oldVersion: 'disable' } }) },
    ends: served,
    records: renewal,
  },
  'old-in-use': {
    tells: 'The old version is kept, because a target that the estate file no longer has was last seen serving it.',
    world: { plan: plan({ rollout: { ...rollout, oldVersion: 'disable' } }) },
    arrange: async (world) => {
      const held = world.vault.get('shop');
      const servedSha256 = held.state === 'present' ? (held.current?.sha256 ?? '') : '';
      await world.app.store.saveTarget({
        ...{ certificate: 'kv-web/shop', targetId: 'app-service:gone:gone.contoso.example', kind: 'app-service' },
        ...{
          renewalId: 'earlier',
          servedSha256,
          expectedSha256: servedSha256,
          verified: true,
          seenAt: NOW.toISOString(),
        },
      });
      return {};
    },
    ends: served,
    records: [],
  },
  'no-way-back': {
    tells: 'The second wave does not serve the new version; the first does, and there is no way back.',
    world: { targets: [...two] },
    arrange: change((world) => {
      world.lying.add(site('b').id);
    }),
    ends: ['partly-deployed', 'roll-back-failed'],
    records: ['renewCertificate', 'rollBackTarget'],
  },
  'took-it-itself': {
    tells: 'A target of the second wave serves the new version before anybody has deployed it there.',
    world: { targets: [...two] },
    arrange: (world) => ({
      meanwhile: ({ step, input }) => {
        const { target, version } = input as { readonly target?: Target; readonly version?: VersionSummary };
        if (step === 'deploy' && target?.id === site('a').id) world.served.set(site('b').id, version?.sha256 ?? '');
      },
    }),
    ends: served,
    records: ['renewCertificate', 'deployTarget'],
  },
  'others-took-it': {
    tells:
      'The canary lies and goes back. Of those that no wave has come to, one took the new version by itself, one did not, one is away.',
    world: {
      targets: ['a', 'b', 'c', 'd'].map(site),
      plan: plan({ rollout: { ...rollout, waves: [{ count: 1 }, { count: 2 }] } }),
    },
    arrange: (world) => {
      world.lying.add(site('a').id);
      world.levers.rollBack = true;
      return takesIt(world, site('b').id, () => void world.served.delete(site('d').id));
    },
    ends: ['rolled-back', 'targets-unverified'],
    records: ['renewCertificate', 'lookAtGroup'],
  },
  'refused-and-took-it': {
    tells: 'The only target refuses the deployment, and has taken the version by itself when it is looked at last.',
    arrange: (world) => ({
      ...targets(world, { deploy: async () => ({ state: 'refused', reason: 'no such binding' }) }),
      ...takesIt(world, site('shop').id),
    }),
    ends: ['partly-deployed', 'deploy-refused'],
    records: [...renewal, 'lookAtGroup'],
  },
  'last-look-fails': {
    tells: 'The canary lies; nobody can tell what the others serve, and nothing hangs on that.',
    world: { targets: [...two] },
    arrange: (world) => {
      world.lying.add(site('a').id);
      world.levers.rollBack = true;
      return {
        meanwhile: ({ step, input }) =>
          step === 'probe' && input.purpose === 'last' ? throwing('arm-unreachable')() : undefined,
      };
    },
    ends: ['rolled-back', 'targets-unverified'],
    records: ['lookAtGroup'],
  },
  'group-unread': {
    tells: 'The stored targets of a group are gone.',
    arrange: (world) => ({
      adapters: { rows: { ...world.app.rows, save: async () => '"1"' } },
    }),
    ends: ['partly-deployed', 'step-failed'],
    records: ['renewCertificate', 'deployGroup'],
  },
  'more-than-told': {
    tells: 'Of 120 targets of two subscriptions 3 fail, which the plan allows; they are told of first.',
    world: {
      targets: Array.from({ length: 120 }, (_, index) => inSubscription(site(`site${index}`), index % 2)),
      plan: plan({ rollout: { ...rollout, waves: [{ count: 1 }], failureBudget: 3, writePercent: 10 } }),
    },
    arrange: change((world) => {
      for (const index of [7, 70, 119]) world.lying.add(site(`site${index}`).id);
    }),
    ends: ['partly-deployed', 'targets-unverified'],
    records: renewal,
  },
  'canary-lies': {
    tells: 'The canary does not serve the new version; it is rolled back and the second wave is left alone.',
    world: { targets: [...two] },
    arrange: change((world) => {
      world.lying.add(site('a').id);
      world.levers.rollBack = true;
    }),
    ends: ['rolled-back', 'targets-unverified'],
    records: renewal,
  },
  'back-slowly': {
    tells: 'A target needs some probes to be back on the last good version.',
    world: { plan: plan({ rollout: { ...rollout, verify: patient } }) },
    arrange: (world) => {
      const others = { state: 'served', sha256: 'f'.repeat(64), serial: '01', chain: [], notAfter: NOW.toISOString() };
      let backAt = Number.POSITIVE_INFINITY;
      let probes = 0;
      return targets(world, {
        probe: async () => {
          const at = world.clock.now().toISOString();
          const [old] = world.served.values();
          return { ...others, state: 'served', at, ...(++probes >= backAt && { sha256: old ?? '' }) };
        },
        deploy: async () => ({ state: 'deployed', detail: 'to another one' }),
        rollBack: async () => {
          backAt = probes + 16;
          return { state: 'rolled-back', detail: 'soon' };
        },
      });
    },
    ends: ['rolled-back', 'targets-unverified'],
    records: ['rollBackTarget'],
  },
  'within-budget': {
    tells: 'One of two targets fails, which the plan allows.',
    world: { targets: [...two], plan: plan({ rollout: { ...rollout, failureBudget: 1 } }) },
    arrange: change((world) => {
      world.lying.add(site('a').id);
    }),
    ends: ['partly-deployed', 'targets-unverified'],
    records: renewal,
  },
  'deploy-refused': {
    tells: 'The target refuses the new version.',
    arrange: (world) => targets(world, { deploy: async () => ({ state: 'refused', reason: 'no such binding' }) }),
    ends: ['partly-deployed', 'deploy-refused'],
    records: ['renewCertificate', 'deployTarget'],
  },
  'address-forbidden': {
    tells: 'The target is at an address that may not be looked at: nothing is begun there.',
    arrange: (world) => {
      const reason = '169.254.169.254 is no public address, and the estate file does not list it under network.allow';
      const probe = async () =>
        ({ state: 'unreachable', at: world.clock.now().toISOString(), reason, isForbidden: true }) as const;
      return targets(world, { probe });
    },
    ends: ['partly-deployed', 'deploy-refused'],
    records: ['deployTarget'],
  },
  'deploy-refused-late': {
    tells: 'The target refuses after it was changed in part, and is moved back.',
    arrange: (world) => {
      world.levers.rollBack = true;
      return targets(world, {
        deploy: async () => ({ state: 'refused', reason: 'the binding is locked', touched: true }),
      });
    },
    ends: ['rolled-back', 'targets-unverified'],
    records: ['renewCertificate', 'deployTarget'],
  },
  'deploy-forbidden': {
    tells: 'A role is missing at the target.',
    arrange: (world) => targets(world, { deploy: throwing('arm-forbidden') }),
    ends: ['partly-deployed', 'targets-unverified'],
    records: ['deployTarget'],
  },
  'deploy-away': {
    tells: 'The target’s control plane does not answer in all attempts.',
    arrange: (world) => targets(world, { deploy: throwing('arm-unreachable'), rollBack: throwing('arm-unreachable') }),
    ends: ['partly-deployed', 'targets-unverified'],
    records: ['deployTarget', 'rollBackTarget'],
  },
  'deploy-throws': {
    tells: 'The activities fail that deploy and roll back.',
    arrange: () => ({
      meanwhile: ({ step }) => (step === 'deploy' || step === 'rollBack' ? throwing('bug')() : undefined),
    }),
    ends: ['partly-deployed', 'roll-back-failed'],
    records: ['deployTarget', 'rollBackTarget'],
  },
  'group-throws': {
    tells: 'The orchestration of a group fails as a whole, after the merge.',
    arrange: () => ({
      orchestrators: {
        ...orchestrators,
        *deployGroup() {
          throw new RenewalError('bug', 'the group fails in this test');
        },
      },
    }),
    ends: ['partly-deployed', 'step-failed'],
    records: ['renewCertificate'],
  },
  traced: {
    tells: 'An event of a known trace begins it; the issuer takes a few polls, and the canary is rolled back.',
    world: { targets: [...two] },
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    arrange: change((world) => {
      firstPolls(world, 4, pendingFor(900));
      world.lying.add(site('a').id);
      world.levers.rollBack = true;
    }),
    ends: ['rolled-back', 'targets-unverified'],
    records: ['renewCertificate', 'waitForIssuer', 'deployGroup', 'deployTarget', 'rollBackGroup', 'rollBackTarget'],
  },
  'probe-flaps': {
    tells: 'Every probe of a slow target needs seven attempts.',
    world: { plan: plan({ rollout: { ...rollout, verify: { everySeconds: 10, forSeconds: 7200 } } }) },
    arrange: (world) => {
      let probes = 0;
      const honest = targets(world, {});
      return {
        ...takesAtProbe(world, 45),
        adapters: {
          target: (...asked) => {
            const adapter = honest.adapters?.target?.(...asked) ?? world.app.target(...asked);
            return {
              ...adapter,
              probe: async (target, look) =>
                ++probes % 7 === 0 ? await adapter.probe(target, look) : await throwing('arm-unreachable')(),
            };
          },
        },
      };
    },
    ends: served,
    records: ['deployTarget'],
  },
};
