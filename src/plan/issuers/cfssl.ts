import { z } from 'zod';
import { group, word } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

export interface CfsslPlan extends CommonIssuerPlan {
  readonly kind: 'cfssl';
  /** Where `cfssl serve` or `multirootca` answers, without `/api/v1/cfssl`. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of the profile's `auth_key`, in hex as in cfssl's configuration. */
  readonly authKey?: string | undefined;
  /** Signing profile. */
  readonly profile?: string | undefined;
  /** Which CA of a `multirootca`. */
  readonly label?: string | undefined;
  /** `{vault}/secrets/{name}` of a TLS client certificate with its key, in PEM. */
  readonly clientCertificate?: string | undefined;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the CA's host; none: the public authorities. */
  readonly trust: readonly string[];
}

export const cfssl = group({
  kind: z.literal('cfssl'),
  url: address('the https URL of a cfssl server'),
  authKey: idOf('secrets').optional(),
  profile: word(/^[\x21-\x7e]{1,100}$/, 'the name of a signing profile').optional(),
  label: word(/^[\x21-\x7e]{1,100}$/, 'the label of a CA').optional(),
  clientCertificate: idOf('secrets').optional(),
  private: isPrivate.default(true),
  trust,
  ...common,
  limits: group(limits),
});
