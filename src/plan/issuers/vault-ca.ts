import { z } from 'zod';
import { purposes } from '../../certificate/extensions.ts';
import { isLoopback } from '../../config/loopback.ts';
import { checked, choice, group, httpsUrl, whole } from '../schema-parts.ts';
import { type CommonIssuerPlan, common, type IssuerLimits, idOf, limits } from './every-issuer.ts';

/** Who a certificate is for: TLS servers, TLS clients, or one that is both. */
export const profiles = ['server', 'client', 'mtls'] as const;
export type Profile = (typeof profiles)[number];

/** The extended key usage of each: dotted OIDs. */
export const profilePurposes: Readonly<Record<Profile, readonly string[]>> = {
  server: [purposes.serverAuth],
  client: [purposes.clientAuth],
  mtls: [purposes.serverAuth, purposes.clientAuth],
};

export interface VaultCaPlan extends CommonIssuerPlan {
  readonly kind: 'vault-ca';
  /** `{vault}/certificates/{name}` of the CA certificate whose key signs. */
  readonly certificate: string;
  /** Absent: a server always, a client too when the request asks for both and `clientAuth` allows it. */
  readonly profile?: Profile | undefined;
  /** Absent: nobody is told what was revoked. */
  readonly crl?: CrlPlan | undefined;
  readonly limits: IssuerLimits & {
    /** Whether it certifies TLS clients too, for requests that ask for both purposes, as Key Vault's default policy does. */
    readonly clientAuth: boolean;
  };
}

export interface CrlPlan {
  /** https URL of the blob container that CRLs are written to, without a slash at its end. */
  readonly container: string;
  /** Below which clients find them; it goes into certificates. Absent: certificates name no CRL. */
  readonly publicUrl?: string | undefined;
  /** How long a CRL is valid. The next one is published after half of it. */
  readonly hours: number;
}

const plainUrl = (text: string): string => text.replace(/\/+$/, '');

export const vaultCa = group({
  kind: z.literal('vault-ca'),
  certificate: idOf('certificates'),
  profile: choice(profiles).optional(),
  crl: group({
    container: checked(
      isContainer,
      'the URL of a blob container like https://contoso.blob.core.windows.net/crl, without a query',
    ).transform(plainUrl),
    publicUrl: checked(isPublicUrl, 'an http or https URL below which clients find CRLs, without a query')
      .transform(plainUrl)
      .optional(),
    hours: whole(2, 2160).default(168),
  }).optional(),
  ...common,
  limits: group({ ...limits, clientAuth: z.boolean({ error: 'true or false' }).default(true) }),
}).refine(({ profile, limits: { clientAuth } }) => clientAuth || profile === undefined || profile === 'server', {
  path: ['limits', 'clientAuth'],
  error: 'true, which the profile needs; or the profile server',
});

/** The app's token for storage goes there, and it opens the journal too: Azure's blob storage, or an emulator on this machine. */
const BLOB_HOST =
  /^[a-z0-9]{3,24}(?:\.z\d+)?\.blob\.(?:core\.windows\.net|core\.usgovcloudapi\.net|core\.chinacloudapi\.cn|storage\.azure\.net)$/i;

function isContainer(text: string): boolean {
  const url = httpsUrl(text);
  if (url === undefined || /[?#]/.test(text)) return false;
  const names = url.pathname.split('/').filter((part) => part !== '');
  const isName = /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/.test(names.at(-1) ?? '');
  if (!isName) return false;
  return isLoopback(url.hostname) ? names.length <= 2 : names.length === 1 && BLOB_HOST.test(url.host);
}

function isPublicUrl(text: string): boolean {
  if (!/^https?:\/\/[^/@\s?#]+(?:\/[^\s?#]*)?$/i.test(text) || text.length > 500) return false;
  return URL.canParse(text);
}
