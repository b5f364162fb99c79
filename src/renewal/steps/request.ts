import { normaliseDnsName } from '../../certificate/alternative-names.ts';
import { readCsr } from '../../certificate/csr.ts';
import { isSameSubject, readSubject } from '../../certificate/names.ts';
import { RenewalError } from '../../errors.ts';
import type { OrderRow } from '../../estate/port.ts';
import type { CsrRequest, Inspection, PendingFacts, VersionFacts } from '../../vault/port.ts';
import { cancelOrder } from '../cancel-order.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Inspected, StepInput } from '../story.ts';
import { takeTurn, turnSeconds } from '../turn.ts';
import { noCsrYet, ownershipOf } from './inspect.ts';
import { askMarked, newOrder } from './mark.ts';
import { requestGone } from './request-gone.ts';
import { done, ended, type Step } from './step.ts';

/** Stage 4: a key and a CSR are made in the vault, or a pending request of ours is taken up again. */
export const request: Step<'request'> = {
  async run(input, app) {
    const own = await app.store.order(input.renewalId);
    // A repeat that comes late finds its work done; a new request would only undo what followed.
    if (own !== undefined && isPlaced(own.row)) return done({ csrSha256: own.row.csrSha256, resumed: true });
    const wanted = csrRequest(input.inspected, input.certificate);
    const seen = await pendingNow(input, app);
    const isOld = ({ sha256 }: VersionFacts) => sha256 === input.inspected.old.sha256;
    const changed = changedSince(own?.row, { ...seen, isOld, wanted });
    if (changed !== undefined) return changed;
    if (seen.found !== undefined) {
      const { pending, ownership } = seen.found;
      if (ownership !== 'foreign' && asWanted(pending, wanted))
        return done(await keep(input, app, { pending, resumed: true }));
      if (ownership !== 'ordered')
        return ended('refused', 'foreign-pending', `request ${pending.requestId} is pending and is not ours`);
      await leave(pending, input, app);
      await app.vault.discard(wanted);
    }
    if (!isAsRead(seen.facts, wanted))
      return ended('needs-person', 'policy-changed', 'the policy was changed before the request was made');
    // The first try was paced when the renewal started.
    if (input.attempt > 1 || own !== undefined) await takeKeyTurn(input, app);
    const pending = await askMarked(input, app, { own, ask: () => app.vault.request(wanted) });
    return done(await keep(input, app, { pending, resumed: false }));
  },
  intent: ({ inspected }) => ({ keyType: inspected.keyType, plan: inspected.plan.name }),
  result: (value) => ({ csr: value.csrSha256, resumed: value.resumed }),
};

/** Tries that come again for a key come back together after an outage: they share what a vault makes with the starts. */
export async function takeKeyTurn({ vault, certificate }: StepInput<'request'>, app: Dependencies): Promise<void> {
  if ((await takeTurn(vault, app)) !== undefined) return;
  const message = `request: as many keys as may be made at once are being made: vault=${vault}, name=${certificate}`;
  throw new RenewalError('vault-throttled', message, { retryAfterSeconds: turnSeconds });
}

interface Seen {
  readonly facts: Inspection;
  /** The operation that is in progress, and whose it is. */
  readonly found?: { readonly pending: PendingFacts; readonly ownership: Awaited<ReturnType<typeof ownershipOf>> };
}

async function pendingNow({ inspected, vault, certificate }: StepInput<'request'>, app: Dependencies): Promise<Seen> {
  const ref = { vault: inspected.vaultUri, name: certificate };
  const facts = await app.vault.inspect(ref);
  const pending = facts.state === 'present' ? facts.pending : undefined;
  if (pending?.status !== 'inProgress') return { facts };
  return { facts, found: { pending, ownership: await ownershipOf(app, { vault, ref, facts }) } };
}

/**
 * Ends a renewal that is started again and could go on only with another CSR than it has made: the issuer may have that
 * one, though its answer was never heard, and one renewal never orders twice. The next attempt makes a CSR of its own.
 */
function changedSince(
  own: OrderRow | undefined,
  seen: Seen & { readonly isOld: (current: VersionFacts) => boolean; readonly wanted: CsrRequest },
) {
  const { facts, found, isOld, wanted } = seen;
  if (own === undefined || own.csrSha256 === noCsrYet || found?.ownership === 'foreign') return undefined;
  const { csrSha256 } = own;
  if (found?.pending.csrSha256 !== csrSha256) return requestGone(facts, { csrSha256, isOld });
  if (asWanted(found.pending, wanted)) return undefined;
  return ended('needs-person', 'policy-changed', 'the policy was changed after the request was made');
}

/** A request is made with the policy that was read when the renewal began, and writes it: what somebody has changed since would be undone. */
function isAsRead(facts: Inspection, wanted: CsrRequest): boolean {
  if (facts.state === 'absent') return true;
  const { subject, dnsNames, keyType, exportable, contentType, validityMonths } = facts.policy;
  const names = (list: readonly string[]): string => [...new Set(list.map(normaliseDnsName))].sort().join(' ');
  return (
    names(dnsNames) === names(wanted.dnsNames) &&
    keyType === wanted.keyType &&
    isSameSubject(readSubject(subject), readSubject(wanted.subject)) &&
    exportable === wanted.exportable &&
    contentType === wanted.contentType &&
    validityMonths === wanted.validityMonths
  );
}

/** An earlier attempt may have ordered with the CSR that is discarded: nobody can use what comes of it any more. */
async function leave(pending: PendingFacts, { vault, certificate }: StepInput<'request'>, app: Dependencies) {
  const earlier = await app.store.orderForCsr(vault, certificate, pending.csrSha256);
  if (earlier === undefined || (await cancelOrder(earlier.renewalId, app)) === 'over') return;
  const found = await app.store.certificate(vault, certificate);
  if (found !== undefined)
    await app.store.saveCertificate({ ...found.row, orderToCancel: earlier.renewalId }, found.etag);
}

/** The issuer has been asked, or nobody needs it any more. */
export function isPlaced({ state }: OrderRow): boolean {
  return state !== 'requesting' && state !== 'requested';
}

/** Remembers the order; the answer of an earlier one for the same CSR is taken over, so that nothing is ordered twice. */
async function keep(input: StepInput<'request'>, app: Dependencies, got: { pending: PendingFacts; resumed: boolean }) {
  const { csrSha256, requestId } = got.pending;
  const own = await app.store.order(input.renewalId);
  if (own?.row.csrSha256 !== csrSha256) {
    const earlier = await app.store.orderForCsr(input.vault, input.certificate, csrSha256);
    const order = { ...newOrder(input, app, 'requested'), csrSha256, requestId };
    await app.store.saveOrder(
      reusable(earlier, order) ? { ...order, state: 'submitted', reference: earlier.reference } : order,
      own?.etag,
    );
  }
  return { csrSha256, resumed: got.resumed };
}

function reusable(earlier: OrderRow | undefined, order: OrderRow): earlier is OrderRow & { reference: string } {
  if (earlier?.reference === undefined || earlier.issuer !== order.issuer) return false;
  // What was too late to be cancelled leads to a certificate: better that one than a second.
  return earlier.state === 'submitted' && (earlier.cancel === undefined || earlier.cancel === 'too-late');
}

/** Subject, names, key type, exportability, content type and tags are carried over from the policy as it is. */
export function csrRequest({ facts, vaultUri, keyType }: Inspected, name: string): CsrRequest {
  const { subject, dnsNames, exportable, contentType, validityMonths } = facts.policy;
  const { tags } = facts;
  return { vault: vaultUri, name, subject, dnsNames, keyType, exportable, contentType, validityMonths, tags };
}

/** Whether the pending CSR asks for what would be asked for now. */
export function asWanted(pending: PendingFacts, wanted: CsrRequest): boolean {
  const csr = readCsr(Buffer.from(pending.csr, 'base64'));
  const asked = new Set(csr.names.dns);
  const names = new Set(wanted.dnsNames.map(normaliseDnsName));
  const sameNames = asked.size === names.size && [...names].every((name) => asked.has(name));
  return sameNames && csr.keyType === wanted.keyType && isSameSubject(csr.subject, readSubject(wanted.subject));
}
