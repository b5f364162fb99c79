import { z } from 'zod';
import { choice, group, word } from '../schema-parts.ts';
import { type CommonIssuerPlan, common, idOf, isPrivate, limits, origin, trust } from './every-issuer.ts';

export interface EjbcaPlan extends CommonIssuerPlan {
  readonly kind: 'ejbca';
  /** `https://ejbca.contoso.example:8443`: what comes before `/ejbca/ejbca-rest-api`. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of the PEM of a TLS client certificate and its key. */
  readonly clientCertificate: string;
  /** By the names that EJBCA has for them. */
  readonly certificateAuthority: string;
  readonly certificateProfile: string;
  readonly endEntityProfile: string;
  /** What the end entity is called by. */
  readonly endEntity: (typeof endEntities)[number];
  /** `{vault}/secrets/{name}` of what the enrolment code of each end entity is made of. */
  readonly enrolmentCode: string;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the server's host; none: the public authorities. */
  readonly trust: readonly string[];
}

const endEntities = ['renewal', 'common-name'] as const;

const named = (what: string) => word(/^[^\p{Cc}]{1,250}$/u, `the name of ${what}`);

export const ejbca = group({
  kind: z.literal('ejbca'),
  url: origin('the https URL of an EJBCA server, without a path'),
  clientCertificate: idOf('secrets'),
  certificateAuthority: named('a CA in EJBCA'),
  certificateProfile: named('a certificate profile in EJBCA'),
  endEntityProfile: named('an end entity profile in EJBCA'),
  endEntity: choice(endEntities).default('renewal'),
  enrolmentCode: idOf('secrets'),
  private: isPrivate.default(true),
  trust,
  ...common,
  limits: group(limits),
});
