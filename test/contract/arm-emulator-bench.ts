import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  tlsPolicy,
} from '@azure/core-rest-pipeline';
import { afterEach, beforeAll } from 'vitest';
import type { SiteSeed } from '../../local/arm/app-service-types.ts';
import { ARM_AUDIENCE, createArm } from '../../local/arm/arm.ts';
import { startConsumers } from '../../local/consumers/consumers.ts';
import { createIdentity, type Identity } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import {
  appServiceBench,
  CERTIFICATE,
  GROUP,
  HOST,
  type MadeSecret,
  makeSecret,
  privateCa,
  SITE,
  SUBSCRIPTION,
  VAULT,
} from '../unit/local/arm/bench.ts';

const HOUR = 3_600_000;
const API = 'api-version=2025-05-01';
const ROLE = [
  'Microsoft.Web/certificates/read',
  'Microsoft.Web/certificates/write',
  'Microsoft.Web/certificates/delete',
  'Microsoft.Web/sites/read',
  'Microsoft.Web/sites/write',
  'Microsoft.Web/sites/slots/read',
  'Microsoft.Web/sites/hostNameBindings/read',
  'Microsoft.Web/sites/hostNameBindings/write',
  'Microsoft.Web/serverfarms/join/action',
];
export const FARM = `${GROUP}/providers/Microsoft.Web/serverfarms/plan-ase-v3`;
const transport = createTransportCa();

export let ca: Awaited<ReturnType<typeof privateCa>>;
export let old: MadeSecret;
export let renewed: MadeSecret;
export let identity: Identity;
beforeAll(async () => {
  identity = createIdentity({ tenantId: '22222222-2222-2222-2222-222222222222' });
  ca = await privateCa();
  old = await makeSecret(ca);
  renewed = await makeSecret(ca, { keyType: 'RSA-2048' });
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** ARM on HTTPS, one site that serves `old`, a vault that already holds `renewed`, and a principal with the role. */
export async function stand(
  over: { site?: Partial<SiteSeed>; lagSeconds?: number; lies?: boolean; burst?: number } = {},
) {
  const bench = appServiceBench();
  const objectId = '33333333-3333-3333-3333-333333333333';
  const principal = identity.addPrincipal({ name: 'deployer', clientId: objectId, objectId });
  identity.revoke(principal.id);
  identity.assign(principal.id, { actions: ROLE, scope: GROUP });
  const bucket = { burst: over.burst ?? 100, perSecond: 1 };
  const arm = createArm({
    access: identity,
    clock: bench.clock,
    appService: bench.appService,
    subscriptions: [SUBSCRIPTION],
    limits: { reads: bucket, writes: bucket, deletes: bucket },
  });
  const listener = await serveEmulator(arm, { port: 0, tls: transport.issue() });
  ends.push(() => listener.close());
  bench.vault.now = old.secret;
  const seed = { resourceId: SITE, location: 'West Europe', environment: 'ase-v3', hostNames: [HOST], ...over.site };
  const consumers = await startConsumers({
    appService: bench.appService,
    clock: bench.clock,
    seeds: [
      {
        ...(seed as SiteSeed),
        certificate: { resourceId: CERTIFICATE, keyVaultId: VAULT, keyVaultSecretName: 'shop' },
        lagSeconds: over.lagSeconds ?? 0,
      },
    ],
    lies: () => over.lies ?? false,
  });
  ends.push(() => consumers.close());
  ends.push(async () => bench.appService.stop());
  bench.vault.now = renewed.secret;
  const [endpoint] = consumers.endpoints;
  if (endpoint === undefined) throw new TypeError('the site has no host name');
  const token = (audience = ARM_AUDIENCE) => identity.issueToken(principal, audience);
  const call = caller(listener.url, token());
  return { ...bench, principal, url: listener.url, consumers, endpoint, token, call };
}

/** Members that are looked at here; an answer has some of them. They are compared, never trusted. */
interface Body {
  readonly Code?: string;
  readonly Message?: string;
  readonly error: { readonly code: string; readonly message: string };
  readonly properties: {
    readonly thumbprint: string | null;
    readonly hostNameSslStates: readonly [{ readonly thumbprint: string }];
    readonly hostingEnvironmentProfile: object | null;
  };
  readonly value: { name: string }[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Body;
}

export function caller(url: string, token: string | undefined) {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(tlsPolicy({ ca: transport.caPem }));
  if (token !== undefined) {
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + HOUR }) };
    pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: `${ARM_AUDIENCE}/.default` }));
  }
  const client = createDefaultHttpClient();
  return async (method: 'GET' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer> => {
    const request = createPipelineRequest({
      method,
      url: `${url}${path}${path.includes('?') ? '' : `?${API}`}`,
      headers: createHttpHeaders({ 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const response = await pipeline.sendRequest(client, request);
    const text = response.bodyAsText ?? '';
    return {
      status: response.status,
      headers: response.headers.toJSON(),
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

export const importBody = {
  location: 'West Europe',
  properties: { keyVaultId: VAULT, keyVaultSecretName: 'shop', password: '', serverFarmId: FARM },
};
