import { isIP } from 'node:net';
import { z } from 'zod';
import { checked, group, listOf, RESOURCE, whole, word } from '../schema-parts.ts';
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
    /** Whether records are written where the CNAMEs of `_acme-challenge` lead; absent: no. */
    readonly followCnames?: boolean;
    /** `address` or `address:port` of those that are asked for CNAMEs; absent: those of the machine. */
    readonly nameServers?: readonly string[];
  };
}

const ZONE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Network/dnsZones/[a-z0-9.-]{1,253}$`, 'i');

const isFollowed = z.boolean({ error: 'true or false' });

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`, as Node's resolver takes them. */
function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes('%');
  const [, six, four, port] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const isAddress = six === undefined ? isIP(four ?? '') === 4 : isIP(six) === 6;
  return isAddress && Number(port) >= 1 && Number(port) <= 65_535;
}

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
    followCnames: isFollowed.default(false),
    nameServers: listOf(checked(isNameServer, 'the IP address of a name server, with its port unless that is 53'), {
      max: 10,
      what: 'a list of the IP addresses of name servers',
    }).default([]),
  }),
  ...common,
  limits: group(limits),
});
