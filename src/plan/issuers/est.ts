import { z } from 'zod';
import { choice, group, word } from '../schema-parts.ts';
import { type CommonIssuerPlan, common, idOf, isPrivate, limits, origin, trust } from './every-issuer.ts';

export interface EstPlan extends CommonIssuerPlan {
  readonly kind: 'est';
  /** `https://est.contoso.example`: what comes before `/.well-known/est`. */
  readonly url: string;
  /** Which of the server's CAs or profiles: the path segment after `/.well-known/est` (RFC 7030 3.2.2). */
  readonly label?: string | undefined;
  /** At least one. */
  readonly credentials: {
    /** `{vault}/secrets/{name}` of `user:password`. */
    readonly password?: string | undefined;
    /** `{vault}/secrets/{name}` of the PEM of a TLS client certificate and its key. */
    readonly clientCertificate?: string | undefined;
  };
  /** Whether what the server wants in a CSR (RFC 7030 4.5) has to be there. */
  readonly csrAttributes: (typeof csrAttributes)[number];
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the server's host; none: the public authorities. */
  readonly trust: readonly string[];
}

const csrAttributes = ['check', 'ignore'] as const;

const credentials = group({ password: idOf('secrets').optional(), clientCertificate: idOf('secrets').optional() });

export const est = group({
  kind: z.literal('est'),
  url: origin('the https URL of an EST server, without a path'),
  label: word(/^[A-Za-z0-9._~-]{1,64}$/, 'a label: letters, digits and . _ ~ -').optional(),
  credentials: credentials.refine(
    ({ password, clientCertificate }) => password !== undefined || clientCertificate !== undefined,
    { error: 'a group of the keys password, clientCertificate, or of one of them' },
  ),
  csrAttributes: choice(csrAttributes).default('check'),
  private: isPrivate.default(true),
  trust,
  ...common,
  limits: group(limits),
});
