import { z } from 'zod';
import { choice, group, whole, word } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

/** Whether a renewal buys a new order, or takes another certificate of one that is paid for. */
export const digicertModes = ['new', 'reissue', 'duplicate'] as const;
export type DigicertMode = (typeof digicertModes)[number];

export interface DigicertPlan extends CommonIssuerPlan {
  readonly kind: 'digicert';
  /** Base of the CertCentral Services API. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of the API key. */
  readonly apiKey: string;
  readonly mode: DigicertMode;
  /** Name id of the product, of mode `new`: `ssl_basic`. */
  readonly product?: string | undefined;
  /** Id of the validated organization, of mode `new`. */
  readonly organization?: number | undefined;
  /** Id of the order that is paid for, of the other modes. */
  readonly order?: number | undefined;
  /** Whether orders and revocations go ahead without the approval of an administrator; the API key has to be one's. */
  readonly skipApproval: boolean;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the CA's host; none: the public authorities. */
  readonly trust: readonly string[];
}

const id = whole(1, 4_294_967_295);

export const digicert = group({
  kind: z.literal('digicert'),
  url: address('the https URL of the CertCentral Services API').default('https://www.digicert.com/services/v2'),
  apiKey: idOf('secrets'),
  mode: choice(digicertModes).default('new'),
  product: word(/^[a-z0-9_]{1,64}$/, 'the name id of a product, like ssl_basic').optional(),
  organization: id.optional(),
  order: id.optional(),
  skipApproval: z.boolean({ error: 'true or false' }).default(false),
  private: isPrivate.default(false),
  trust,
  ...common,
  limits: group(limits),
})
  .refine(({ mode, product }) => mode !== 'new' || product !== undefined, {
    path: ['product'],
    error: 'the name id of a product, like ssl_basic: mode new orders one',
  })
  .refine(({ mode, order }) => mode === 'new' || order !== undefined, {
    path: ['order'],
    error: 'the id of the order that is to be reissued or duplicated',
  });
