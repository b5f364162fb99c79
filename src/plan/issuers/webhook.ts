import { z } from 'zod';
import { checked, group, httpsUrl, word } from '../schema-parts.ts';
import { address, idOf, limits, trust } from './every-issuer.ts';
import { type RelayedIssuerPlan, relayed } from './relayed.ts';

export interface WebhookPlan extends RelayedIssuerPlan {
  readonly kind: 'webhook';
  /** Takes the orders. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of what both sides sign with. */
  readonly secret: string;
  /** Tells the receiver which of its secrets it is. */
  readonly keyId?: string | undefined;
  /** Where an order can be asked for; `{reference}` stands for it. */
  readonly statusUrl?: string | undefined;
  /** Takes the word that an order is not wanted any more. */
  readonly cancelUrl?: string | undefined;
  /** PEM certificates that vouch for the webhook's host; none: the public authorities. */
  readonly trust: readonly string[];
}

const REFERENCE = '{reference}';

const statusUrl = checked((text) => {
  const [one, other] = ['a', 'b'].map((name) => httpsUrl(text.replace(REFERENCE, name)));
  return one !== undefined && one.hash === '' && one.href !== other?.href && one.host === other?.host;
}, `an https URL that holds ${REFERENCE} in its path or query`);

export const webhook = group({
  kind: z.literal('webhook'),
  url: address('the https URL that takes orders'),
  secret: idOf('secrets'),
  keyId: word(/^[\x21-\x7e]{1,100}$/, 'a name of 1 to 100 printable characters without spaces').optional(),
  statusUrl: statusUrl.optional(),
  cancelUrl: address('the https URL that takes cancellations').optional(),
  trust,
  ...relayed,
  limits: group(limits),
});
