import {
  before,
  cancel,
  change,
  editPolicy,
  firstPolls,
  foreignChain,
  pendingFor,
  renewal,
  replaceCurrent,
  served,
  throwing,
  vaultFails,
} from '../levers.ts';
import type { Paths } from '../path.ts';

/** From the order to the merge. */
export const issues: Paths = {
  'submit-rejected': {
    tells: 'The issuer refuses the order at once.',
    arrange: change((world) => {
      world.levers.issuer = { submit: async () => ({ state: 'rejected', reason: 'name not allowed' }) };
    }),
    ends: ['rejected', 'issuer-rejected'],
    records: renewal,
  },
  'issuer-pending': {
    tells: 'The issuer takes a few polls.',
    arrange: change((world) => {
      firstPolls(world, 4, pendingFor(900));
    }),
    ends: served,
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'issuer-pending-long': {
    tells: 'The issuer takes more polls than fit into one history.',
    arrange: change((world) => {
      firstPolls(world, 26, pendingFor(3600));
    }),
    ends: served,
    records: ['waitForIssuer'],
  },
  'cancelled-while-waiting': {
    tells: 'A person cancels while the issuer is waited for.',
    arrange: (world) => {
      firstPolls(world, 10, pendingFor(60));
      return before('poll', cancel, 3);
    },
    ends: ['cancelled', 'cancel-requested'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'issuer-rejects-late': {
    tells: 'The issuer rejects the order after it was pending.',
    arrange: change((world) => {
      let polls = 0;
      world.levers.issuer = {
        poll: async () =>
          ++polls < 3
            ? await pendingFor(60)({ reference: '', csr: async () => '' })
            : { state: 'rejected', reason: 'no' },
      };
    }),
    ends: ['rejected', 'issuer-rejected'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'issuer-too-slow': {
    tells: 'The issuer never decides.',
    arrange: change((world) => {
      world.levers.issuer = { poll: pendingFor(86_400) };
    }),
    ends: ['failed', 'issuer-too-slow'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'issuer-away-and-back': {
    tells: 'The issuer cannot be reached for a few attempts of submit and poll.',
    arrange: change((world) => {
      let submits = 0;
      firstPolls(world, 3, throwing('issuer-unreachable'));
      const { poll } = world.levers.issuer;
      const issuer = world.app.issuer;
      world.levers.issuer = {
        ...(poll && { poll }),
        async submit(request) {
          if (++submits < 3) return throwing('issuer-unreachable')();
          if (poll) world.levers.issuer = { poll };
          return issuer(await world.app.estate(), 'internal').submit(request);
        },
      };
    }),
    ends: served,
    records: renewal,
  },
  'issuer-flaps': {
    tells: 'Every poll of a slow issuer needs seven attempts.',
    arrange: change((world) => {
      let polls = 0;
      firstPolls(world, 60, async (order) =>
        ++polls % 7 === 0 ? await pendingFor(600)(order) : await throwing('issuer-unreachable')(),
      );
    }),
    ends: served,
    records: ['waitForIssuer'],
  },
  'issuer-gone': {
    tells: 'The issuer cannot be reached any more while its answer is waited for.',
    arrange: change((world) => {
      firstPolls(world, 1, async (order) => {
        queueMicrotask(() => {
          world.levers.issuer = { poll: throwing('issuer-unreachable') };
        });
        return await pendingFor(60)(order);
      });
    }),
    ends: ['failed', 'issuer-unreachable'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'wait-throws': {
    tells: 'The activity fails while the issuer is waited for.',
    arrange: (world) => {
      firstPolls(world, 10, pendingFor(60));
      return before('poll', () => throwing('bug')(), 3);
    },
    ends: ['failed', 'step-failed'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'wrong-key': {
    tells: 'The issuer certifies another key.',
    arrange: change(async (world) => {
      world.levers.issuer = { poll: await foreignChain(world) };
    }),
    ends: ['rejected', 'wrong-key'],
    records: renewal,
  },
  'needs-approval': {
    tells: 'The new certificate ends before the old one.',
    world: { leftDays: 89.999 },
    request: { reason: 'manual', force: true },
    ends: ['needs-person', 'needs-approval'],
    records: renewal,
  },
  'not-current-at-check': {
    tells: 'Somebody else merges while the issuer works.',
    arrange: (world) => before('check', () => replaceCurrent(world)),
    ends: ['not-needed', 'not-current'],
    records: renewal,
  },
  'step-throws': {
    tells: 'A step ends in a way that no step should: its activity fails.',
    arrange: () => before('check', () => throwing('bug')()),
    ends: ['failed', 'step-failed'],
    records: renewal,
  },
  'policy-changed': {
    tells: 'The policy is edited right before the merge.',
    arrange: (world) => before('merge', () => editPolicy(world)),
    ends: ['needs-person', 'policy-changed'],
    records: renewal,
  },
  'merge-retried': {
    tells: 'The vault is busy at the merge, and later is not.',
    arrange: (world) => vaultFails(world, 'merge', { verb: 'merge', code: 'vault-conflict', times: 2 }),
    ends: served,
    records: renewal,
  },
};
