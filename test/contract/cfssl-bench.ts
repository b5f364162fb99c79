import { ManualClock } from '../../local/clock.ts';
import { type CfsslEmulator, type CfsslOptions, createCfssl } from '../../local/issuers/cfssl/cfssl.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import { type CfsslDependencies, create } from '../../src/issuers/cfssl.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { CfsslPlan } from '../../src/plan/issuers/cfssl.ts';

export const DOMAIN = 'contoso.example';
export const AUTH_KEY = '00112233445566778899aabbccddeeff';
export const AUTH_KEY_ID = 'https://kv-credentials.vault.azure.net/secrets/cfssl';

/** A cfssl server, wherever it runs. */
export interface CfsslAt {
  readonly url: string;
  /** PEM of what vouches for its host. */
  readonly trust: string;
  readonly clock: CfsslDependencies['clock'];
}

/** Our issuer there; another one of the same estate with what is given otherwise. */
export function cfsslIssuers({ url, trust, clock }: CfsslAt) {
  const plan: CfsslPlan = {
    kind: 'cfssl',
    url,
    authKey: AUTH_KEY_ID,
    profile: 'tls',
    private: true,
    trust: [trust],
    ...{ chain: [], roots: [] },
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN, 'not-allowed.example'] },
  };
  const dependencies: CfsslDependencies = {
    ...{ answers: createMemoryAnswers(), clock },
    secret: async () => AUTH_KEY,
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  return (more: Partial<CfsslPlan> = {}, other: Partial<CfsslDependencies> = {}): Issuer =>
    create({ ...plan, ...more }, { ...dependencies, ...other });
}

export interface EmulatedCfssl extends CfsslAt {
  readonly cfssl: CfsslEmulator;
  readonly clock: ManualClock;
  readonly issuerWith: ReturnType<typeof cfsslIssuers>;
  /** What the estate file would say of what is above the CA. */
  readonly chain: readonly string[];
  readonly close: () => Promise<void>;
}

const transport = createTransportCa();

/** The emulator on HTTPS, at a time that tests move. */
export async function startEmulatedCfssl(options: Partial<CfsslOptions> = {}): Promise<EmulatedCfssl> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const cfssl = createCfssl({ clock, authKey: AUTH_KEY, ...options });
  const listener = await serveEmulator(cfssl, { port: 0, tls: transport.issue() });
  const at = { url: listener.url, trust: transport.caPem, clock };
  const issuerWith = cfsslIssuers(at);
  return { ...at, cfssl, issuerWith, chain: [derToPem(cfssl.intermediate())], close: () => listener.close() };
}
