import { before, cancelAt, change, pend, renewal, replaceCurrent, served, throwing, vaultFails } from '../levers.ts';
import type { Paths } from '../path.ts';

/** How a renewal begins, and what ends it before the issuer is asked. */
export const beginnings: Paths = {
  forced: {
    tells: 'A person forces a renewal that is not due, with a comment.',
    world: { leftDays: 80 },
    request: { reason: 'manual', force: true, requester: 'ann', comment: 'key may have leaked' },
    ends: served,
    records: renewal,
  },
  'not-due-any-more': {
    tells: 'Another version became current between start and inspection.',
    arrange: (world) => before('inspect', () => replaceCurrent(world)),
    ends: ['not-needed', 'too-young'],
    records: renewal,
  },
  gone: {
    tells: 'The certificate was deleted between start and inspection.',
    arrange: (world) => before('inspect', () => world.vault.set('shop', { state: 'absent', softDeleted: false })),
    ends: ['not-needed', 'gone'],
    records: renewal,
  },
  'preflight-refused': {
    tells: 'A target can never serve a certificate of this issuer.',
    arrange: change((world) => {
      world.levers.preflight = 'private-ca-on-multi-tenant';
    }),
    ends: ['refused', 'private-ca-on-multi-tenant'],
    records: renewal,
  },
  'cancelled-before-request': {
    tells: 'A person cancels before anything was requested.',
    arrange: cancelAt('before-request'),
    ends: ['cancelled', 'cancel-requested'],
    records: renewal,
  },
  'cancelled-before-submit': {
    tells: 'A person cancels before the issuer was asked.',
    arrange: cancelAt('before-submit'),
    ends: ['cancelled', 'cancel-requested'],
    records: renewal,
  },
  'cancelled-before-merge': {
    tells: 'A person cancels before the merge.',
    arrange: cancelAt('before-merge'),
    ends: ['cancelled', 'cancel-requested'],
    records: renewal,
  },
  'foreign-pending': {
    tells: 'Somebody else’s request is pending at the inspection.',
    arrange: (world) => before('inspect', () => pend(world)),
    ends: ['refused', 'foreign-pending'],
    records: renewal,
  },
  'foreign-pending-late': {
    tells: 'Somebody else makes a request after the inspection.',
    arrange: (world) => before('request', () => pend(world)),
    ends: ['refused', 'foreign-pending'],
    records: renewal,
  },
  'stale-request-resumed': {
    tells: 'An earlier renewal left its request pending in the vault.',
    arrange: change(async (world) => {
      await pend(world, 'requested');
    }),
    ends: served,
    records: renewal,
  },
  'stale-order-resumed': {
    tells: 'An earlier renewal left an order with the issuer.',
    arrange: change(async (world) => {
      await pend(world, 'submitted');
    }),
    ends: served,
    records: renewal,
  },
  'role-missing': {
    tells: 'The vault refuses our identity when the CSR is to be made.',
    arrange: (world) => vaultFails(world, 'request', { verb: 'request', code: 'vault-forbidden', times: 1 }),
    ends: ['needs-person', 'vault-forbidden'],
    records: renewal,
  },
  'vault-away': {
    tells: 'The vault does not answer in all attempts of a step.',
    arrange: (world) => vaultFails(world, 'request', { verb: 'request', code: 'vault-unreachable', times: 10 }),
    ends: ['failed', 'vault-unreachable'],
    records: renewal,
  },
  'close-fails': {
    tells: 'The last step cannot write its row in all attempts.',
    arrange: (world) =>
      before('close', () => {
        world.app.store.saveCertificate = throwing('storage-unreachable');
      }),
    ends: served,
    records: renewal,
  },
};
