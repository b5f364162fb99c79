import { z } from 'zod';
import { keyTypes } from '../certificate/types.ts';
import { checked, group, hostName, httpsUrl, keys, listOf, RESOURCE, union, whole, word } from './schema-parts.ts';

const PEM = /^\s*-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
const ZONE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Network/dnsZones/[a-z0-9.-]{1,253}$`, 'i');

const pem = word(PEM, 'one PEM block that begins with -----BEGIN CERTIFICATE-----');
const roots = listOf(pem, { min: 1, what: 'a list of the PEM certificates of the roots' });
const chain = listOf(pem, { what: 'a list of PEM certificates' }).default([]);
const secretText = 'the id of a secret like https://contoso.vault.azure.net/secrets/name';
const limits = {
  maxDays: whole(1, 3650).default(398),
  keys: keys.default([...keyTypes]),
  dnsSuffixes: listOf(hostName, { min: 1, what: 'a list of the DNS suffixes that it may be asked for' }),
};

const vaultCa = group({
  kind: z.literal('vault-ca'),
  certificate: checked(
    isIdOf('certificates'),
    'the id of the CA certificate like https://contoso.vault.azure.net/certificates/ca',
  ),
  chain,
  roots,
  limits: group({ ...limits, clientAuth: z.boolean({ error: 'true or false' }).default(true) }),
});

const acme = group({
  kind: z.literal('acme'),
  directory: checked(isAddress, 'the https URL of an ACME directory'),
  accountKey: checked(
    isIdOf('keys'),
    'the id of a key like https://contoso.vault.azure.net/keys/acme, without version',
  ),
  contact: listOf(word(/^[^\s@,]{1,64}@[^\s@,]{1,253}$/, 'a mail address'), {
    max: 10,
    what: 'a list of mail addresses',
  }).default([]),
  externalAccount: group({
    keyId: word(/^[\x21-\x7e]{1,256}$/, 'the key id that the CA has handed out'),
    secret: checked(isIdOf('secrets'), secretText),
  }).optional(),
  profile: word(/^[\x21-\x7e]{1,100}$/, 'the name of a profile').optional(),
  preferredChain: word(/^[^\p{Cc}]{1,256}$/u, 'the common name of a certificate').optional(),
  private: z.boolean({ error: 'true or false' }).default(false),
  trust: listOf(pem, { what: 'a list of PEM certificates' }).default([]),
  dns: group({
    zones: listOf(word(ZONE_ID, 'the ARM id of a DNS zone: /subscriptions/…/providers/Microsoft.Network/dnsZones/…'), {
      min: 1,
      max: 1000,
      what: 'a list of the ARM ids of DNS zones',
    }),
    waitSeconds: whole(0, 3600).default(30),
  }),
  chain,
  roots,
  limits: group(limits),
});

/** One issuer of the estate file. */
export const issuer = union([vaultCa, acme]);

/** `{vault}/{collection}/{name}`, without version. */
function isIdOf(collection: 'certificates' | 'keys' | 'secrets'): (text: string) => boolean {
  const path = new RegExp(`^/${collection}/[0-9A-Za-z-]{1,127}$`);
  return (text) => {
    const url = httpsUrl(text);
    return url !== undefined && path.test(url.pathname) && !/[?#]/.test(text);
  };
}

function isAddress(text: string): boolean {
  const url = httpsUrl(text);
  return url !== undefined && url.hash === '';
}
