import { z } from 'zod';
import { keyTypes } from '../../certificate/types.ts';
import { idOf, trust } from '../issuers/every-issuer.ts';
import { group, word } from '../schema-parts.ts';
import {
  type CommonTarget,
  common,
  type Endpoint,
  endpoint,
  endpointFindings,
  endpointWithSni,
  type TargetKind,
} from './every-target.ts';

/** Whatever deploys elsewhere, told by a signed message. */
export interface WebhookTarget extends CommonTarget {
  readonly kind: 'webhook';
  /** What it is called: its address is nobody's business. */
  readonly name: string;
  /** `{vault}/secrets/{name}` of the https URL that takes the messages: many such URLs are secrets themselves. */
  readonly url: string;
  /** `{vault}/secrets/{name}` of what both sides sign with. */
  readonly secret: string;
  /** Tells the receiver which of its secrets it is. */
  readonly keyId?: string | undefined;
  /** PEM certificates that vouch for the receiver's host; none: the public authorities. */
  readonly trust: readonly string[];
  /** Absent: the receiver reports what is served. */
  readonly endpoint?: Endpoint | undefined;
}

export const webhookTarget = group({
  kind: z.literal('webhook'),
  ...common,
  name: word(/^[0-9A-Za-z][0-9A-Za-z.-]{0,62}$/, 'a name: 1 to 63 letters, digits, dots and hyphens'),
  url: idOf('secrets'),
  secret: idOf('secrets'),
  keyId: word(/^[\x21-\x7e]{1,100}$/, 'a name of 1 to 100 printable characters without spaces').optional(),
  trust,
  endpoint: endpoint.optional(),
});

/** What it can is its owner's: a roll back that it does not know it refuses. It says nothing of taking versions by itself. */
export const webhookKind: TargetKind<z.output<typeof webhookTarget>> = {
  facts: {
    control: 'push',
    rollBack: 'yes',
    takes: { privateCa: 'yes', keys: keyTypes, nonExportable: true },
  },
  /** `webhook:<name>`. */
  idOf: ({ kind, name }) => `${kind}:${name}`.toLowerCase(),
  idFrom: 'name',
  endpointOf: ({ endpoint: given }) => endpointWithSni(given),
  findings: endpointFindings,
};
