import { readSubject } from '../certificate/names.ts';
import { monthsInDays } from '../plan/due.ts';
import type { PartnerPlan } from '../plan/issuers/partner.ts';
import type { Reason } from '../renewal/outcomes.ts';
import type { PolicyFacts } from '../vault/port.ts';
import { limitRefusal } from './limits.ts';

/** Why a certificate of this policy is not ordered: it would be issued and current before anybody could say no. */
export function policyRefusal(
  { issuerName, limits }: PartnerPlan,
  policy: PolicyFacts,
  now: Date,
): { readonly reason: Reason; readonly detail: string } | undefined {
  if (policy.issuer.toLowerCase() !== issuerName.toLowerCase()) {
    const detail = `the policy names ${policy.issuer.slice(0, 128)}, and the issuer of the plan is ${issuerName}`;
    return { reason: 'issuer-differs', detail };
  }
  const { dnsNames, emails, upns, keyType, validityMonths } = policy;
  const names = { dns: dnsNames, email: emails, upn: upns, ip: [], uri: [] };
  const problem = limitRefusal({ keyType, names, subject: readSubject(policy.subject) }, limits);
  if (problem !== undefined) return { reason: 'outside-limits', detail: problem };
  const days = monthsInDays(validityMonths, now);
  if (days <= limits.maxDays) return undefined;
  const detail = `the policy asks for ${validityMonths} months, ${days} days from now, and ${limits.maxDays} are allowed`;
  return { reason: 'outside-limits', detail };
}
