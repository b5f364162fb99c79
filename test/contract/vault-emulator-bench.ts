import type { TokenCredential } from '@azure/identity';
import { CertificateClient, type CertificatePolicy } from '@azure/keyvault-certificates';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { expect } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { VaultEvent } from '../../local/events/types.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { VaultOptions } from '../../local/vault/call.ts';
import { createVault, type VaultEmulator } from '../../local/vault/vault.ts';

export const DAY = 86_400_000;
export const resourceId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/estate';
const AUDIENCE = 'https://vault.azure.net';

/** A vault behind TLS, with the real clients of somebody who may do everything. */
export interface VaultBench {
  readonly vault: VaultEmulator;
  readonly clock: ManualClock;
  readonly events: VaultEvent[];
  readonly certificates: CertificateClient;
  readonly keys: KeyClient;
  readonly secrets: SecretClient;
  /** Of somebody who may do nothing. */
  readonly stranger: CertificateClient;
  readonly credential: TokenCredential;
  readonly clientOptions: object;
  readonly url: string;
  /** One request as another client may send it: `path` with its query. */
  send(method: string, path: string, body?: object): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: Body;
  /** Of a list. */
  readonly items: readonly Item[];
}

/** Members of answers that tests look into: one that did not come is seen by the test that wants it. */
export interface Body {
  readonly status: string;
  readonly csr: string;
  readonly error: { readonly code: string; readonly message: string; readonly innererror: { readonly code: string } };
  readonly value: string;
  readonly nextLink: string | null;
  readonly preserveCertOrder?: boolean;
  readonly x509_props: { readonly sans: { readonly ipAddresses?: readonly string[] } };
}

export interface Item {
  readonly id: string;
  readonly recoveryId: string;
  readonly attributes: object;
}

/** The last part of an id. */
export const lastOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

export async function openBench(more: Partial<VaultOptions> = {}): Promise<VaultBench> {
  const identity = createIdentity({ tenantId: '11111111-2222-3333-4444-555555555555' });
  const transport = createTransportCa();
  // A little behind real time: the SDK's CryptographyClient holds a key's dates against the real clock.
  const clock = new ManualClock(new Date(Date.now() - 3_600_000));
  const events: VaultEvent[] = [];
  const vaults: VaultEmulator[] = [];
  const mount = (uri: string): VaultEmulator => {
    const common = { name: 'estate', resourceId, uri, access: identity, clock };
    const vault = createVault({ ...common, events: (event) => events.push(event), ...more });
    vaults.push(vault);
    return vault;
  };
  const listener = await serveEmulator(mount, { port: 0, tls: transport.issue() });
  const vault = vaults[0] ?? expect.unreachable('no vault');
  const credentialOf = (name: string): TokenCredential => {
    const principal = identity.addPrincipal({ name, clientId: name, objectId: `${name}-oid` });
    return {
      getToken: async () => ({
        token: identity.issueToken(principal, AUDIENCE),
        expiresOnTimestamp: Date.now() + 3_000_000,
      }),
    };
  };
  const credential = credentialOf('owner');
  identity.assign('owner-oid', { actions: ['Microsoft.KeyVault/vaults/*'], scope: resourceId });
  const clientOptions = {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
    tlsOptions: { ca: transport.caPem },
  };
  const { url } = listener;
  return {
    ...{ vault, clock, events, credential, clientOptions, url },
    certificates: new CertificateClient(url, credential, clientOptions),
    keys: new KeyClient(url, credential, clientOptions),
    secrets: new SecretClient(url, credential, clientOptions),
    stranger: new CertificateClient(url, credentialOf('stranger'), clientOptions),
    async send(method, path, body) {
      const token = await credential.getToken([]);
      const response = await vault.handle({
        method,
        url: new URL(path.startsWith('https') ? path : url + path),
        headers: { authorization: `Bearer ${token?.token}` },
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      });
      const text = String(response.body ?? '');
      const json = text === '' ? {} : JSON.parse(text);
      const items = Array.isArray(json.value) ? json.value : [];
      return { status: response.status, headers: response.headers, json, items };
    },
    async close() {
      vault.stop();
      await listener.close();
    },
  };
}

export const ecPolicy = (subject: string, more: Partial<CertificatePolicy> = {}): CertificatePolicy => ({
  issuerName: 'Unknown',
  subject,
  keyType: 'EC',
  keyCurveName: 'P-256',
  ...more,
});

/** Makes a finished version by the issuer Self. */
export async function makeSelf(
  { certificates, clock }: VaultBench,
  name: string,
  more: Partial<CertificatePolicy> = {},
): Promise<string> {
  const policy = ecPolicy(`CN=${name}.example.test`, { issuerName: 'Self', ...more });
  const poller = await certificates.beginCreateCertificate(name, policy, { intervalInMs: 1, tags: { owner: 'team' } });
  clock.advance(21_000);
  const { properties } = await poller.pollUntilDone();
  return properties.version ?? expect.unreachable('no version');
}

export const refusal = (statusCode: number, code: string, inner?: string): object =>
  expect.objectContaining({
    statusCode,
    code,
    ...(inner && { details: { error: expect.objectContaining({ innerError: { code: inner } }) } }),
  });

/** Everything that a list gives. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of list) found.push(item);
  return found;
}
