import { z } from 'zod';
import { group, listOf, RESOURCE, whole, word } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

export interface AcmePlan extends CommonIssuerPlan {
  readonly kind: 'acme';
  /** URL of the directory. */
  readonly directory: string;
  /** `{vault}/keys/{name}` of the account's key. */
  readonly accountKey: string;
  /** Mail addresses that the CA may write to. */
  readonly contact: readonly string[];
  /** For a CA that wants to know the account beforehand. */
  readonly externalAccount?:
    | {
        readonly keyId: string;
        /** `{vault}/secrets/{name}` of the HMAC key, base64url as the CA gives it. */
        readonly secret: string;
      }
    | undefined;
  /** One of the CA's profiles. */
  readonly profile?: string | undefined;
  /** Common name of the root, or of the topmost issuer in the chain, that is preferred where the CA offers several chains. */
  readonly preferredChain?: string | undefined;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the CA's host; none: the public authorities. */
  readonly trust: readonly string[];
  readonly dns: {
    /** ARM ids of the Azure DNS zones in which names are proved. */
    readonly zones: readonly string[];
    /** How long a record is left before the CA is told to look. */
    readonly waitSeconds: number;
  };
}

const ZONE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Network/dnsZones/[a-z0-9.-]{1,253}$`, 'i');

export const acme = group({
  kind: z.literal('acme'),
  directory: address('the https URL of an ACME directory'),
  accountKey: idOf('keys'),
  contact: listOf(word(/^[^\s@,]{1,64}@[^\s@,]{1,253}$/, 'a mail address'), {
    max: 10,
    what: 'a list of mail addresses',
  }).default([]),
  externalAccount: group({
    keyId: word(/^[\x21-\x7e]{1,256}$/, 'the key id that the CA has handed out'),
    secret: idOf('secrets'),
  }).optional(),
  profile: word(/^[\x21-\x7e]{1,100}$/, 'the name of a profile').optional(),
  preferredChain: word(/^[^\p{Cc}]{1,256}$/u, 'the common name of a certificate').optional(),
  private: isPrivate.default(false),
  trust,
  dns: group({
    zones: listOf(word(ZONE_ID, 'the ARM id of a DNS zone: /subscriptions/…/providers/Microsoft.Network/dnsZones/…'), {
      min: 1,
      max: 1000,
      what: 'a list of the ARM ids of DNS zones',
    }),
    waitSeconds: whole(0, 3600).default(30),
  }),
  ...common,
  limits: group(limits),
});
