import { z } from 'zod';
import { group, listOf, word } from '../schema-parts.ts';
import type { Estate } from '../types.ts';
import { type CommonIssuerPlan, common, isPrivate, limits, pem } from './every-issuer.ts';

/** An issuer that the vault itself knows: it orders there, and joins what is issued with its key. */
export interface PartnerPlan extends CommonIssuerPlan {
  readonly kind: 'partner';
  /** As the vault and the policies of its certificates name it; `Self` has no authority. Compared without case. */
  readonly issuerName: string;
  /** True for an authority that only this organisation trusts. Self always is. */
  readonly private: boolean;
}

/** The name of the issuer that lets each key vouch for itself. */
export function isSelf(issuerName: string): boolean {
  return issuerName.toLowerCase() === 'self';
}

/** The name of an issuer that is inside the vault; `undefined` for all others. */
export function issuerInVault({ issuers }: Pick<Estate, 'issuers'>, issuer: string): string | undefined {
  const plan = Object.hasOwn(issuers, issuer) ? issuers[issuer] : undefined;
  return plan?.kind === 'partner' ? plan.issuerName : undefined;
}

const issuerName = word(
  /^(?!unknown$)[0-9a-z][0-9a-z-]{0,127}$/i,
  'the name of an issuer of the vault: letters, digits and hyphens; Unknown is none',
);

export const partner = group({
  kind: z.literal('partner'),
  issuerName,
  private: isPrivate.default(false),
  chain: common.chain,
  roots: listOf(pem, { what: 'a list of PEM certificates' }).default([]),
  limits: group(limits),
}).refine(({ issuerName: name, roots }) => isSelf(name) === (roots.length === 0), {
  path: ['roots'],
  error: 'a list of the PEM certificates of the roots; for Self, whose certificates vouch for themselves, nothing',
});
