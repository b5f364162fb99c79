import { excessOf } from '../../certificate/acceptance.ts';
import { sha256Hex } from '../../certificate/fingerprint.ts';
import { RenewalError } from '../../errors.ts';
import type { OrderRow, Versioned } from '../../estate/port.ts';
import type { OrderStatus } from '../../issuers/port.ts';
import { findVault } from '../../plan/look-up.ts';
import type { Estate } from '../../plan/types.ts';
import type { CertificateRef } from '../../vault/port.ts';
import type { Dependencies } from '../dependencies.ts';
import { revokeExtra } from '../revoke-extra.ts';
import { expectLater, ofRenewal } from './expect-later.ts';
import { requestGone, waitingCsr } from './request-gone.ts';
import { done, ended, type Step } from './step.ts';

/** Stage 5: the CSR goes to the issuer; the reference is stored before anything is polled. */
export const submit: Step<'submit'> = {
  async run({ renewalId, vault, certificate, csrSha256, issuer, validityDays }, app) {
    const { row: order, etag } = await orderOf(renewalId, app);
    if (order.reference !== undefined) return done({ reference: order.reference });
    if (order.state === 'rejected') return ended('rejected', 'issuer-rejected', 'the issuer has refused this order');
    const estate = await app.estate();
    const facts = await app.vault.inspect({ vault: vaultUri(estate, vault), name: certificate });
    const csr = waitingCsr(facts, csrSha256);
    if (csr === undefined) {
      // What was current when the renewal was claimed: nobody writes that row but this renewal.
      const begunWith = (await app.store.certificate(vault, certificate))?.row.expectedVersion;
      return requestGone(facts, { csrSha256, isOld: ({ version }) => version === begunWith });
    }
    const replaces = facts.state === 'present' ? facts.current?.der : undefined;
    const wish = { renewalId, csr, validityDays, ...(replaces !== undefined && { replaces }) };
    const answer = await app.issuer(estate, issuer).submit(wish);
    if ('state' in answer) {
      await app.store.saveOrder({ ...order, state: 'rejected' }, etag);
      return ended('rejected', 'issuer-rejected', answer.reason);
    }
    await app.store.saveOrder({ ...order, state: 'submitted', reference: answer.reference }, etag);
    return done(answer);
  },
  intent: ({ csrSha256, issuer, validityDays }) => ({ csr: csrSha256, issuer, validityDays }),
  result: ({ reference, unheard }) => ({ order: reference, ...(unheard !== undefined && { unheard }) }),
};

/** Stage 6: one look at the order. The chain goes into the order row; history gets its hash. */
export const poll: Step<'poll'> = {
  async run({ renewalId, vault, certificate, reference, issuer }, app) {
    const found = await app.store.certificate(vault, certificate);
    if (found?.row.cancelRequested === renewalId)
      return ended('cancelled', 'cancel-requested', 'cancelled while the issuer was waited for');
    const { row: order, etag } = await orderOf(renewalId, app);
    // An answer that is on record stands: a second look must not take back what was made of the first one.
    if (order.chain !== undefined) return done({ state: 'issued', chainSha256: chainSha256(order.chain) });
    const estate = await app.estate();
    const ref = { vault: vaultUri(estate, vault), name: certificate };
    const submitted = submittedCsr(ref, { order, begunWith: found?.row.expectedVersion }, app);
    let status: OrderStatus;
    try {
      status = await app.issuer(estate, issuer).poll({ reference, csr: submitted.csr, placedAt: order.createdAt });
    } catch (error) {
      const gone = submitted.gone();
      if (gone === undefined) throw error;
      return gone;
    }
    switch (status.state) {
      case 'pending':
        await expectLater(ofRenewal(found, renewalId), status.retryAfterSeconds, app);
        return done(status);
      case 'rejected':
        await app.store.saveOrder({ ...order, state: 'rejected' }, etag);
        return done(status);
      case 'issued': {
        // The row has no room for it either.
        const excess = excessOf(status.chain);
        if (excess !== undefined) {
          await app.store.saveOrder({ ...order, state: 'rejected' }, etag);
          return ended('rejected', 'chain-too-large', excess);
        }
        const { chain, extra = [], unheard } = status;
        await revokeExtra(
          extra.filter((leaf) => leaf !== chain[0]),
          { renewalId, issuer },
          app,
        );
        await app.store.saveOrder({ ...order, state: 'issued', chain }, etag);
        const lost = { ...(unheard !== undefined && { unheard }) };
        return done({ state: 'issued', chainSha256: chainSha256(status.chain), ...lost });
      }
      default:
        return status satisfies never;
    }
  },
  result: (value) => (value.state === 'pending' ? undefined : { ...value }),
  subject: ({ round }) => String(round),
};

interface Submitted {
  readonly order: OrderRow;
  /** The version that was current when the renewal was claimed. */
  readonly begunWith: string | undefined;
}

/**
 * The CSR of an order, from the vault that keeps it until the merge, for the issuers that want it again; and, once it has been
 * asked for and was not there any more, how the renewal ends.
 */
function submittedCsr(ref: CertificateRef, { order: { csrSha256 }, begunWith }: Submitted, { vault }: Dependencies) {
  let gone: ReturnType<typeof requestGone> | undefined;
  const csr = async (): Promise<string> => {
    const facts = await vault.inspect(ref);
    const waiting = waitingCsr(facts, csrSha256);
    if (waiting !== undefined) return waiting;
    gone = requestGone(facts, { csrSha256, isOld: ({ version }) => version === begunWith });
    const where = `vault=${ref.vault}, name=${ref.name}`;
    throw new RenewalError('vault-refused', `renewal: our request waits no longer in the vault: ${where}`);
  };
  return { csr, gone: () => gone };
}

/** SHA-256 over a chain as it stands: what a decision or a merge is bound to. */
export function chainSha256(chain: readonly string[]): string {
  return sha256Hex(Buffer.from(chain.join('\n')));
}

/** The order row of a renewal, which exists from the request step on. */
export async function orderOf(renewalId: string, app: Dependencies): Promise<Versioned<OrderRow>> {
  const order = await app.store.order(renewalId);
  if (order === undefined) throw new RenewalError('bug', `renewal: order row missing: renewal=${renewalId}`);
  return order;
}

/** Vaults do not leave the estate while a renewal of theirs runs; if one did, the renewal fails. */
export function vaultUri(estate: Estate, vault: string): string {
  const found = findVault(estate, vault);
  if (found === undefined) throw new RenewalError('estate-invalid', `renewal: vault ${vault} left the estate file`);
  return found.uri;
}
