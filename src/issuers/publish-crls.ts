import { RenewalError } from '../errors.ts';
import type { Estate, IssuerPlan } from '../plan/types.ts';
import type { CrlPublisher, CrlReport } from './vault-ca-crl.ts';

/** What became of the CRLs of one issuer of the estate. */
export interface IssuerCrls {
  readonly issuer: string;
  readonly crls: readonly (CrlReport | { readonly state: 'failed'; readonly detail: string })[];
}

/** Publishes what is due of every issuer that has CRLs. One that fails stops no other; `bug` is thrown. */
export async function publishCrls(
  { issuers }: Pick<Estate, 'issuers'>,
  crlsOf: (plan: IssuerPlan) => CrlPublisher | undefined,
): Promise<readonly IssuerCrls[]> {
  const reports: IssuerCrls[] = [];
  for (const [issuer, plan] of Object.entries(issuers)) {
    const publisher = crlsOf(plan);
    if (publisher === undefined) continue;
    reports.push({ issuer, crls: await publisher.publish().catch(failed) });
  }
  return reports;
}

function failed(error: unknown): IssuerCrls['crls'] {
  if (!(error instanceof RenewalError) || error.code === 'bug') throw error;
  return [{ state: 'failed', detail: error.message }];
}
