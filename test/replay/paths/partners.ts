import type { CertificateRow } from '../../../src/estate/port.ts';
import type { World } from '../../builders/world.ts';
import type { WorldPartner } from '../../builders/world-partner.ts';
import { before, cancel, renewal, served } from '../levers.ts';
import type { Path, Paths } from '../path.ts';

type Arrange = NonNullable<Path['arrange']>;

const inVault = { inVault: 'Partner' } as const;

/** Changes what the issuer inside the vault does. */
function partner(act: (partner: WorldPartner, world: World) => void | Promise<void>): Arrange {
  return async (world) => {
    if (world.partner !== undefined) await act(world.partner, world);
    return {};
  };
}

/** The vault renews by itself while nobody looks; the row is as our last renewal left it. */
async function renewedByItself(issuing: WorldPartner, world: World): Promise<void> {
  const held = world.vault.get('shop');
  const expectedVersion = held.state === 'present' ? held.current?.version : undefined;
  const row: CertificateRow = {
    vault: 'kv-web',
    name: 'shop',
    plan: 'web',
    owner: 'team-web',
    state: 'idle',
    attempt: 1,
    failedAttempts: 0,
  };
  await world.app.store.saveCertificate({ ...row, ...(expectedVersion && { expectedVersion }) });
  issuing.issueSeconds = 0;
  issuing.begin('shop');
  issuing.settle('shop');
}

/** An issuer inside the vault, which orders and merges in one act. */
export const partners: Paths = {
  'partner-issues': {
    tells: 'A partner inside the vault issues after a few polls.',
    world: inVault,
    arrange: partner((issuing) => {
      issuing.issueSeconds = 60;
    }),
    ends: served,
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'partner-issues-late': {
    tells: 'A partner inside the vault takes two weeks.',
    world: inVault,
    arrange: partner((issuing) => {
      issuing.issueSeconds = 14 * 86_400;
    }),
    ends: served,
    records: ['waitForIssuer'],
  },
  'partner-fails': {
    tells: 'The operation of the partner fails.',
    world: inVault,
    arrange: partner((issuing) => {
      issuing.answer = { failed: 'Request rejected: no such organisation' };
    }),
    ends: ['rejected', 'issuer-rejected'],
    records: ['renewCertificate', 'waitForIssuer'],
  },
  'partner-adds-a-name': {
    tells: 'The version is current before it can be refused: it is deployed nowhere.',
    world: inVault,
    arrange: partner((issuing) => {
      issuing.dnsNames = ['shop.contoso.example', 'other.contoso.example'];
    }),
    ends: ['needs-person', 'names-differ'],
    records: renewal,
  },
  'partner-is-at-it': {
    tells: 'The vault has begun an operation by itself: it is waited for.',
    world: inVault,
    arrange: partner((issuing) => {
      issuing.begin('shop');
    }),
    ends: served,
    records: renewal,
  },
  'partner-policy-changed': {
    tells: 'The policy is changed before the order is placed.',
    world: inVault,
    arrange: (world) =>
      before('request', () => {
        const held = world.vault.get('shop');
        if (held.state === 'present')
          world.vault.set('shop', { ...held, policy: { ...held.policy, validityMonths: 12 } });
      }),
    ends: ['needs-person', 'policy-changed'],
    records: renewal,
  },
  'partner-cancelled': {
    tells: 'A person cancels while the partner is waited for.',
    world: inVault,
    arrange: async (world) => {
      await partner((issuing) => {
        issuing.answer = 'never';
      })(world);
      return before('poll', cancel, 3);
    },
    ends: ['cancelled', 'cancel-requested'],
    records: renewal,
  },
  'policy-of-another-issuer': {
    tells: 'The policy names another issuer than the plan.',
    world: inVault,
    arrange: (world) => {
      const held = world.vault.get('shop');
      if (held.state === 'present') world.vault.set('shop', { ...held, policy: { ...held.policy, issuer: 'Self' } });
      return {};
    },
    ends: ['refused', 'issuer-differs'],
    records: renewal,
  },
  adopted: {
    tells: 'The vault has renewed by itself: its version is judged and deployed.',
    world: inVault,
    arrange: partner(renewedByItself),
    ends: served,
    records: renewal,
  },
  'not-adopted': {
    tells: 'The vault has renewed by itself, and its version is not accepted.',
    world: inVault,
    arrange: partner((issuing, world) => {
      issuing.dnsNames = ['other.contoso.example'];
      return renewedByItself(issuing, world);
    }),
    ends: ['needs-person', 'names-differ'],
    records: renewal,
  },
};
