import { ManualClock } from '../../local/clock.ts';
import { createEst, type EstEmulator, type EstOptions } from '../../local/issuers/est/est.ts';
import { createTransportCa, type ServerIdentity } from '../../local/transport/ca.ts';
import { createLine, type Line } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import { create, type EstDependencies } from '../../src/issuers/est.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { EstPlan } from '../../src/plan/issuers/est.ts';

export const DOMAIN = 'contoso.example';

/** An EST server on HTTPS, and our issuer for it. */
export interface EstBench {
  readonly est: EstEmulator;
  readonly issuer: Issuer;
  readonly clock: ManualClock;
  readonly line: Line;
  /** Values of secrets by their id: what a test writes here is found by the issuer. */
  readonly secrets: Map<string, string>;
  /** How often each operation was asked. */
  readonly asked: Map<string, number>;
  /** Another issuer of the same estate, as after a restart. */
  readonly restarted: (plan?: Partial<EstPlan>, dependencies?: Partial<EstDependencies>) => Issuer;
  readonly close: () => Promise<void>;
}

export const PASSWORD = 'https://credentials.vault.azure.net/secrets/est';
export const CLIENT = 'https://credentials.vault.azure.net/secrets/est-client';

export const transport = createTransportCa();

export const pemOf = ({ cert, key }: ServerIdentity): string => `${cert}${key}`;

/** Without faults unless told otherwise, at a time that tests move. */
export async function startEst(options: Partial<EstOptions> = {}, change: Partial<EstPlan> = {}): Promise<EstBench> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const est = createEst({ clock, users: { renewer: 'right' }, suffixes: [DOMAIN], ...options });
  const line = createLine();
  const asked = new Map<string, number>();
  line.add(({ url }, next) => {
    const operation = url.pathname.split('/').at(-1) ?? '';
    asked.set(operation, (asked.get(operation) ?? 0) + 1);
    return next();
  });
  const listener = await serveEmulator(est, { port: 0, tls: transport.issue(), clientCa: transport.caPem, line });
  const secrets = new Map([
    [PASSWORD, 'renewer:right'],
    [CLIENT, pemOf(transport.issueClient('renewer'))],
  ]);
  const plan: EstPlan = {
    ...{ kind: 'est', url: listener.url, credentials: { password: PASSWORD }, csrAttributes: 'check', private: true },
    trust: [transport.caPem],
    chain: [],
    roots: est.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'P-384', 'RSA-2048'], dnsSuffixes: ['example'] },
  };
  const dependencies: EstDependencies = {
    ...{ clock, answers: createMemoryAnswers(), mayConnect: addressRule(['127.0.0.1', '::1']) },
    secret: async (id) => secrets.get(id) ?? '',
  };
  const restarted: EstBench['restarted'] = (more = {}, other = {}) =>
    create({ ...plan, ...change, ...more }, { ...dependencies, ...other });
  return { est, issuer: restarted(), clock, line, secrets, asked, restarted, close: listener.close };
}
