import { ManualClock } from '../../local/clock.ts';
import {
  createGlobalSign,
  type GlobalSignEmulator,
  type GlobalSignOptions,
} from '../../local/issuers/globalsign/globalsign.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { createLine, type Line } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import { create, type GlobalSignDependencies } from '../../src/issuers/globalsign.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { GlobalSignPlan } from '../../src/plan/issuers/globalsign.ts';

export const DOMAIN = 'contoso.example';

/** HVCA on HTTPS, and our issuer for it. */
export interface GlobalSignBench {
  readonly globalsign: GlobalSignEmulator;
  readonly issuer: Issuer;
  readonly clock: ManualClock;
  readonly line: Line;
  /** Values of secrets by their id. */
  readonly secrets: Map<string, string>;
  /** Another issuer of the same estate, as after a restart. */
  readonly restarted: (plan?: Partial<GlobalSignPlan>, dependencies?: Partial<GlobalSignDependencies>) => Issuer;
  readonly close: () => Promise<void>;
}

const secretId = (name: string): string => `https://credentials.vault.azure.net/secrets/${name}`;
export const KEY = secretId('atlas-key');
export const SECRET = secretId('atlas-secret');
export const CLIENT = secretId('atlas-client');

const transport = createTransportCa();

/** Without faults unless told otherwise, at a time that tests move. */
export async function startGlobalSign(options: Partial<GlobalSignOptions> = {}): Promise<GlobalSignBench> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const account = { apiKey: 'key-1', apiSecret: 'planted-canary' };
  const globalsign = createGlobalSign({ clock, ...account, suffixes: [DOMAIN], ...options });
  const line = createLine();
  const tls = transport.issue();
  const listener = await serveEmulator(globalsign, { port: 0, tls, clientCa: transport.caPem, line });
  const { cert, key } = transport.issueClient('renewer');
  const secrets = new Map([
    [KEY, account.apiKey],
    [SECRET, `${account.apiSecret}\n`],
    [CLIENT, `${cert}${key}`],
  ]);
  const plan: GlobalSignPlan = {
    ...{ kind: 'globalsign', url: `${listener.url}/v2`, apiKey: KEY, apiSecret: SECRET, clientCertificate: CLIENT },
    ...{ private: true, trust: [transport.caPem], chain: [] },
    roots: globalsign.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: ['example'] },
  };
  const dependencies: GlobalSignDependencies = {
    ...{ clock, answers: createMemoryAnswers(), mayConnect: addressRule(['127.0.0.1', '::1']) },
    secret: async (id) => secrets.get(id) ?? '',
  };
  const restarted: GlobalSignBench['restarted'] = (more = {}, other = {}) =>
    create({ ...plan, ...more }, { ...dependencies, ...other });
  return { globalsign, issuer: restarted(), clock, line, secrets, restarted, close: listener.close };
}
