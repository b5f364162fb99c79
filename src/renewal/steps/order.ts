import { RenewalError } from '../../errors.ts';
import type { OrderRow } from '../../estate/port.ts';
import type { InVault } from '../../issuers/port.ts';
import type { Inspection, PendingFacts } from '../../vault/port.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Inspected, Requested, StepInput } from '../story.ts';
import { ownershipOf } from './inspect.ts';
import { askMarked, newOrder } from './mark.ts';
import { policySha256 } from './policy-hash.ts';
import { asWanted, csrRequest, isPlaced, request, takeKeyTurn } from './request.ts';
import { requestGone } from './request-gone.ts';
import { done, ended, type Step } from './step.ts';

/** Stage 4, whoever issues: a CSR for an issuer outside, the order itself for one inside the vault. */
export const requestOrOrder: Step<'request'> = {
  ...request,
  async run(input, app) {
    const { inVault } = app.issuer(await app.estate(), input.inspected.plan.issuer);
    if (input.inspected.inVault === undefined || inVault === undefined) return request.run(input, app);
    return order(input, app, inVault);
  },
  intent: (input) => ({
    ...request.intent?.(input),
    ...(input.inspected.inVault && { orders: input.inspected.inVault.issuerName }),
  }),
  result: (value) => ({
    ...{ csr: value.csrSha256, resumed: value.resumed },
    ...(value.reference !== undefined && { order: value.reference }),
    ...(value.isForeign && { begunBy: 'somebody else, or the vault itself' }),
  }),
};

async function order(input: StepInput<'request'>, app: Dependencies, inVault: InVault) {
  const { inspected, renewalId } = input;
  const own = await app.store.order(renewalId);
  // A repeat that comes late finds its work done; a new order would be a second one.
  if (own !== undefined && isPlaced(own.row)) return done(requested(own.row, true));
  const ref = { vault: inspected.vaultUri, name: input.certificate };
  const facts = await app.vault.inspect(ref);
  const pending = facts.state === 'present' ? facts.pending : undefined;
  if (pending !== undefined && own !== undefined && isAnswer(pending, { input, inVault, asked: own.row }))
    return done(requested(await keep({ input, app, inVault }, pending, false), true));
  const stop = changedSince(facts, inspected);
  if (stop !== undefined) return stop;
  if (pending?.status === 'inProgress') return takeUp({ input, app, inVault }, facts, pending);
  if (input.attempt > 1 || own !== undefined) await takeKeyTurn(input, app);
  const { tags } = inspected.facts;
  const ask = () => app.vault.request({ ...ref, issuer: inVault.issuerName, tags });
  const made = await askMarked(input, app, { own, before: pending?.requestId, ask });
  return done(requested(await keep({ input, app, inVault }, made, false), false));
}

interface Ordering {
  readonly input: StepInput<'request'>;
  readonly app: Dependencies;
  readonly inVault: InVault;
}

/**
 * Whether an operation that has ended is what became of the order while its answer was lost: the issuer was faster than the
 * repeat. It was begun after we asked, and asks for what is wanted. Another one could be paid for twice; should somebody else
 * have begun this one, it is judged all the same.
 */
function isAnswer(
  pending: PendingFacts,
  { input, inVault, asked }: Pick<Ordering, 'input' | 'inVault'> & { readonly asked: OrderRow },
): boolean {
  const { inspected, certificate } = input;
  const before = [asked.requestId, inspected.facts.pending?.requestId];
  if (asked.refused || pending.status === 'inProgress' || before.includes(pending.requestId)) return false;
  return isIssuers(pending, inVault) && asWanted(pending, csrRequest(inspected, certificate));
}

function isIssuers({ issuer }: PendingFacts, { issuerName }: InVault): boolean {
  return issuer.toLowerCase() === issuerName.toLowerCase();
}

/** The end of a renewal whose certificate is not what it was: nothing was ordered for it. */
function changedSince(facts: Inspection, inspected: Inspected) {
  const isOld = ({ sha256 }: { readonly sha256: string }) => sha256 === inspected.old.sha256;
  if (facts.state === 'absent' || (facts.current !== undefined && !isOld(facts.current)))
    return requestGone(facts, { csrSha256: '', isOld });
  if (policySha256(facts.policy) === inspected.inVault?.policySha256) return undefined;
  return ended('needs-person', 'policy-changed', 'the policy was changed before the order was placed');
}

/**
 * Waits for what the issuer is at already, whoever began it: the vault renews by itself, and people do in its portal. Never
 * fought: a second order would be paid for as well. One that asks for something else is not what this renewal needs.
 */
async function takeUp({ input, app, inVault }: Ordering, facts: Inspection, pending: PendingFacts) {
  const { inspected, vault, certificate } = input;
  if (!isIssuers(pending, inVault) || !asWanted(pending, csrRequest(inspected, certificate)))
    return ended('refused', 'foreign-pending', `request ${pending.requestId} is pending and is not what is wanted`);
  // Whoever asked for its end waits for it: then a new one may begin.
  if (pending.cancellationRequested)
    throw new RenewalError(
      'vault-conflict',
      `request: an operation is being cancelled: vault=${vault}, name=${certificate}`,
    );
  const ref = { vault: inspected.vaultUri, name: certificate };
  const isForeign = (await ownershipOf(app, { vault, ref, facts })) === 'foreign';
  return done(requested(await keep({ input, app, inVault }, pending, isForeign), true));
}

/** The order is placed as soon as the operation is there. */
async function keep({ input, app, inVault }: Ordering, pending: PendingFacts, isForeign: boolean): Promise<OrderRow> {
  const { csrSha256, requestId } = pending;
  const own = await app.store.order(input.renewalId);
  const operation = { vault: input.inspected.vaultUri, name: input.certificate, requestId, isForeign };
  const reference = inVault.reference(operation);
  const row: OrderRow = { ...newOrder(input, app, 'submitted'), csrSha256, requestId, reference };
  await app.store.saveOrder(row, own?.etag);
  return row;
}

function requested({ csrSha256, reference }: OrderRow, resumed: boolean): Requested {
  const isForeign = reference?.includes('begun=elsewhere') === true;
  return { csrSha256, resumed, ...(reference !== undefined && { reference }), ...(isForeign && { isForeign }) };
}
