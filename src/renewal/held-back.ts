import type { BreakerRow } from '../estate/app-rows.ts';
import type { Dependencies } from './dependencies.ts';

/** An issuer that is not asked for now. Times are ISO 8601. */
export interface HeldBackIssuer {
  readonly issuer: string;
  readonly code: Exclude<BreakerRow['code'], 'none'>;
  readonly since: string;
  readonly until: string;
}

/** The issuers of the estate that are left alone for now, as the instances of the app have told each other. */
export async function heldBackIssuers({
  estate,
  rows,
  clock,
}: Pick<Dependencies, 'estate' | 'rows' | 'clock'>): Promise<readonly HeldBackIssuer[]> {
  const now = clock.now().toISOString();
  const held: HeldBackIssuer[] = [];
  for (const issuer of Object.keys((await estate()).issuers)) {
    const row = (await rows.get('breaker', issuer))?.row;
    if (row === undefined || row.code === 'none' || row.until <= now) continue;
    held.push({ issuer, code: row.code, since: row.since, until: row.until });
  }
  return held;
}
