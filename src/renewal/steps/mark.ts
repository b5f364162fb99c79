import { RenewalError } from '../../errors.ts';
import type { OrderRow, Versioned } from '../../estate/port.ts';
import type { PendingFacts } from '../../vault/port.ts';
import type { Dependencies } from '../dependencies.ts';
import type { StepInput } from '../story.ts';
import { noCsrYet } from './inspect.ts';

interface Asking {
  readonly own: Versioned<OrderRow> | undefined;
  /** Request id of the operation that has ended in the vault before. */
  readonly before?: string | undefined;
  readonly ask: () => Promise<PendingFacts>;
}

/**
 * Asks the vault for an operation, with our mark on record: what is pending after a lost answer may be ours. Whoever may not
 * ask has begun nothing: the mark is taken back, so that what a person begins then is not taken for ours. Every other failure
 * may hide an effect, also that of a call which the client has repeated.
 */
export async function askMarked(
  input: StepInput<'request'>,
  app: Dependencies,
  { own, before = '', ask }: Asking,
): Promise<PendingFacts> {
  if (own !== undefined && own.row.refused !== true) return ask();
  const row = { ...newOrder(input, app, 'requesting'), requestId: before };
  const etag = await app.store.saveOrder(row, own?.etag);
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'vault-forbidden')
      await app.store.saveOrder({ ...row, refused: true }, etag);
    throw error;
  }
}

export function newOrder(input: StepInput<'request'>, app: Dependencies, state: OrderRow['state']): OrderRow {
  const { renewalId, vault, certificate, inspected } = input;
  const createdAt = app.clock.now().toISOString();
  return {
    renewalId,
    vault,
    name: certificate,
    issuer: inspected.plan.issuer,
    csrSha256: noCsrYet,
    requestId: '',
    state,
    createdAt,
  };
}
