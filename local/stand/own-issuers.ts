import type { FaultName } from '../faults/catalogue.ts';
import { createOwnIssuer, needsOwnIssuer, type OwnIssuer } from '../faults/issuers.ts';
import type { Authority } from '../pki.ts';
import type { Scenario, Seeded, SeededEstate } from './scenarios.ts';
import { type InternalCa, ISSUING_CA } from './seeding.ts';

/** The internal CA, and what issues in its place for certificates whose fault wants that. */
export interface Issuers {
  readonly ca: InternalCa;
  readonly own: ReadonlyMap<Seeded, OwnIssuer>;
}

export async function createIssuers(estate: SeededEstate, ca: InternalCa, now: Date): Promise<Issuers> {
  const own = new Map<Seeded, OwnIssuer>();
  for (const seeded of estate.certificates) {
    if (seeded.fault === undefined || !needsOwnIssuer(seeded.fault)) continue;
    own.set(seeded, await createOwnIssuer(seeded.fault, ca, now));
  }
  return { ca, own };
}

/** What signs for a certificate, and its name in the CA's vault. */
export function authorityOf({ ca, own }: Issuers, seeded: Seeded): { authority: Authority; name: string } {
  const issuer = own.get(seeded);
  return issuer === undefined
    ? { authority: ca.issuing, name: ISSUING_CA }
    : { authority: issuer.issuing, name: `${ISSUING_CA}-${seeded.name}` };
}

/** What has signed the version that is in use: never an issuer that something is wrong with. */
export function formerAuthorityOf({ ca, own }: Issuers, seeded: Seeded): Authority {
  const issuer = own.get(seeded);
  return issuer?.isSound ? issuer.issuing : ca.issuing;
}

/** The stories, one of them with the fault that the stand is to show. */
export function withFault(stories: readonly Scenario[], fault: FaultName | undefined): readonly Scenario[] {
  if (fault === undefined) return stories;
  return stories.map((story) => (story.key === 'near-expiry' ? { ...story, fault } : story));
}
