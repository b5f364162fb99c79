import { z } from 'zod';
import { group } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

export interface GlobalSignPlan extends CommonIssuerPlan {
  readonly kind: 'globalsign';
  /** With `/v2`. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of the API key. */
  readonly apiKey: string;
  /** `{vault}/secrets/{name}` of the API secret. */
  readonly apiSecret: string;
  /** `{vault}/secrets/{name}` of the PEM of the TLS client certificate that belongs to the API key, and its key. */
  readonly clientCertificate: string;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the API's host; none: the public authorities. */
  readonly trust: readonly string[];
}

export const globalsign = group({
  kind: z.literal('globalsign'),
  url: address('the https URL of the HVCA API, as https://emea.api.hvca.globalsign.com:8443/v2'),
  apiKey: idOf('secrets'),
  apiSecret: idOf('secrets'),
  clientCertificate: idOf('secrets'),
  private: isPrivate.default(false),
  trust,
  ...common,
  limits: group(limits),
});
