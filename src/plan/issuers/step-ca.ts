import { z } from 'zod';
import { group, word } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

export interface StepCaPlan extends CommonIssuerPlan {
  readonly kind: 'step-ca';
  /** Where the CA answers, without `/1.0`: by a name that is among its `dnsNames`. */
  readonly url: string;
  /** Name of the JWK provisioner. */
  readonly provisioner: string;
  /** `{vault}/keys/{name}` of the provisioner's key. */
  readonly provisionerKey: string;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the CA's host; none: the public authorities. */
  readonly trust: readonly string[];
}

export const stepCa = group({
  kind: z.literal('step-ca'),
  url: address('the https URL of a step-ca'),
  provisioner: word(/^[^\p{Cc}]{1,200}$/u, 'the name of a JWK provisioner'),
  provisionerKey: idOf('keys'),
  private: isPrivate.default(true),
  trust,
  ...common,
  limits: group(limits),
});
