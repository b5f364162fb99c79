import { ManualClock } from '../../local/clock.ts';
import { createDigicert, type DigicertOptions } from '../../local/issuers/digicert/digicert.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { create, type DigicertDependencies } from '../../src/issuers/digicert.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { DigicertPlan } from '../../src/plan/issuers/digicert.ts';

export const DOMAIN = 'contoso.example';
export const API_KEY = 'Q3JlZGVudGlhbC1vZi10aGUtdGVzdHM';

const transport = createTransportCa();

/** CertCentral on HTTPS, at a time that tests move, and our issuer there. */
export async function startEmulatedDigicert(options: Partial<DigicertOptions> = {}) {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const digicert = createDigicert({ clock, apiKey: API_KEY, ...options });
  const listener = await serveEmulator(digicert, { port: 0, tls: transport.issue() });
  const plan: DigicertPlan = {
    ...{ kind: 'digicert', url: `${listener.url}/services/v2` },
    apiKey: 'https://kv-credentials.vault.azure.net/secrets/digicert',
    ...{ mode: 'new', product: 'ssl_basic', organization: 4711, skipApproval: true, private: false },
    ...{ trust: [transport.caPem], chain: [], roots: [] },
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN] },
  };
  const secrets: string[] = [];
  const dependencies: DigicertDependencies = {
    clock,
    secret: async () => secrets.shift() ?? API_KEY,
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  return {
    ...{ digicert, clock, secrets },
    issuerWith: (more: Partial<DigicertPlan> = {}, other: Partial<DigicertDependencies> = {}): Issuer =>
      create({ ...plan, ...more }, { ...dependencies, ...other }),
    close: () => listener.close(),
  };
}

export type EmulatedDigicert = Awaited<ReturnType<typeof startEmulatedDigicert>>;
