import { RenewalError } from '../errors.ts';
import type { CertificateRow, OrderRow, Versioned } from '../estate/port.ts';
import type { CancelResult, Issuer } from '../issuers/port.ts';
import type { Dependencies } from './dependencies.ts';
import type { RenewalResult } from './story.ts';

/** Tries before the order is left to the issuer: one when the renewal ends, then one each sweep, for two days. */
const MOST_TRIES = 48;

/** Where cancelling needs no more of us: `over` also when there is nothing to cancel, or nobody who could. */
type Cancelling = 'over' | 'unanswered';

/**
 * Whether nobody waits any more for the order of a renewal that ended so. After other ends the next attempt takes the
 * order up: one that was closed as stuck has lost nothing but time.
 */
function leavesOrder({ outcome, outcomeReason, new: version }: RenewalResult, row: CertificateRow): boolean {
  if (version !== undefined) return false;
  const isCancelled = row.cancelRequested !== undefined && row.cancelRequested === row.renewalId;
  return outcome === 'cancelled' || outcomeReason === 'issuer-too-slow' || isCancelled;
}

/**
 * The row of a renewal that ends, which remembers an order that could not be cancelled yet. The end itself waits for no
 * issuer: the sweep tries again.
 */
export async function withoutOrder(
  row: CertificateRow,
  result: RenewalResult,
  app: Dependencies,
): Promise<CertificateRow> {
  if (!leavesOrder(result, row)) return row;
  const cancelling = await cancelOrder(result.renewalId, app);
  return cancelling === 'over' ? row : { ...row, orderToCancel: result.renewalId };
}

/**
 * Asks the issuer to cancel the order of a renewal; once more for one that was asked for and not answered. What it
 * answers, or that it does not, is in the journal of that renewal. Throws `storage-*` only.
 */
export async function cancelOrder(renewalId: string, app: Dependencies): Promise<Cancelling> {
  const found = await app.store.order(renewalId);
  if (found === undefined || !isPlaced(found.row)) return 'over';
  const note = noteOf(found.row, app);
  if (found.row.chain !== undefined) {
    await note('cancel#issued', { cancel: 'too-late', detail: 'a certificate was issued; it is not merged' });
    return 'over';
  }
  if (found.row.cancel === 'cancelled' || found.row.cancel === 'too-late') return 'over';
  const tries = found.row.cancelTries ?? 0;
  if (tries < MOST_TRIES) return await tryOnce(found, tries + 1, app);
  await note('cancel#given-up', { cancel: 'given-up', tries, detail: 'the order stays open at the issuer' });
  return 'over';
}

function isPlaced({ state, reference }: OrderRow): boolean {
  return reference !== undefined && (state === 'submitted' || state === 'issued');
}

async function tryOnce(found: Versioned<OrderRow>, tries: number, app: Dependencies): Promise<Cancelling> {
  const note = noteOf(found.row, app);
  const issuer = await issuerOf(found.row, app);
  if (issuer instanceof RenewalError) {
    await note(`cancel#${tries}:result`, { again: issuer.code, detail: issuer.message.slice(0, 500) });
    return await asked(found, tries, app);
  }
  if (issuer.cancel === undefined) {
    const detail = 'this issuer cancels nothing: the order stays open there, and the next attempt takes it up';
    await note('cancel#impossible', { cancel: 'impossible', detail });
    return 'over';
  }
  // On record before the issuer is asked: an order that may be cancelled is taken up by nobody.
  const order = { ...found.row, cancel: 'asked', cancelTries: tries } as const;
  const etag = await app.store.saveOrder(order, found.etag);
  await note(`cancel#${tries}:intent`, { issuer: order.issuer });
  const answer = await answerOf(issuer, order.reference ?? '');
  if (answer instanceof RenewalError) {
    await note(`cancel#${tries}:result`, { again: answer.code, detail: answer.message.slice(0, 500) });
    return 'unanswered';
  }
  await note(`cancel#${tries}:result`, factsOf(answer));
  await app.store.saveOrder({ ...order, cancel: answer.state }, etag);
  return 'over';
}

/** The issuer cannot even be asked: the try counts all the same. */
async function asked({ row, etag }: Versioned<OrderRow>, tries: number, app: Dependencies): Promise<Cancelling> {
  await app.store.saveOrder({ ...row, cancel: 'asked', cancelTries: tries }, etag);
  return 'unanswered';
}

/** An issuer that left the estate file, or whose settings are wrong by now, may come back. */
async function issuerOf({ issuer }: OrderRow, app: Dependencies): Promise<Issuer | RenewalError> {
  const estate = await app.estate();
  try {
    return app.issuer(estate, issuer);
  } catch (error) {
    return errorOf(error);
  }
}

async function answerOf(issuer: Issuer, reference: string): Promise<CancelResult | RenewalError> {
  try {
    // Asked for as a method: an issuer may be an object that knows itself.
    return (await issuer.cancel?.({ reference })) ?? { state: 'cancelled' };
  } catch (error) {
    return errorOf(error);
  }
}

function errorOf(error: unknown): RenewalError {
  if (error instanceof RenewalError) return error;
  return new RenewalError('bug', error instanceof Error ? error.message : String(error), { cause: error });
}

function factsOf(answer: CancelResult): Readonly<Record<string, unknown>> {
  if (answer.state === 'cancelled') return { cancel: 'cancelled' };
  const detail = `a certificate may exist, and the next attempt looks for it: ${answer.reason}`.slice(0, 500);
  return { cancel: 'too-late', detail };
}

function noteOf({ renewalId, reference }: OrderRow, app: Dependencies) {
  return async (key: string, facts: Readonly<Record<string, unknown>>): Promise<void> => {
    const kind = key.endsWith(':intent') ? 'intent' : key.endsWith(':result') ? 'result' : 'fact';
    const at = app.clock.now().toISOString();
    await app.journal.append(renewalId, { key, at, kind, step: 'cancel', facts: { order: reference, ...facts } });
  };
}

/**
 * Orders that an issuer could not be made to cancel when their renewals ended. Answers with the renewals whose order is
 * still open; what is over leaves its row.
 */
export async function cancelOpenOrders(rows: Iterable<CertificateRow>, app: Dependencies): Promise<readonly string[]> {
  const open: string[] = [];
  for (const { vault, name, orderToCancel } of rows) {
    if (orderToCancel === undefined) continue;
    try {
      const isOver = (await cancelOrder(orderToCancel, app)) === 'over';
      if (isOver) await forget({ vault, name, orderToCancel }, app);
      else open.push(orderToCancel);
    } catch (error) {
      // The store did not answer, or the row changed meanwhile: the next sweep tries again.
      if (!(error instanceof RenewalError)) throw error;
      open.push(orderToCancel);
    }
  }
  return open;
}

async function forget(
  { vault, name, orderToCancel }: Pick<CertificateRow, 'vault' | 'name' | 'orderToCancel'>,
  { store }: Dependencies,
): Promise<void> {
  const found = await store.certificate(vault, name);
  if (found?.row.orderToCancel !== orderToCancel || found === undefined) return;
  const { orderToCancel: _over, ...row } = found.row;
  await store.saveCertificate(row, found.etag);
}
