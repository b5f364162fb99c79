import { ManualClock } from '../../local/clock.ts';
import { createEjbca, type EjbcaEmulator, type EjbcaOptions } from '../../local/issuers/ejbca/ejbca.ts';
import { createTransportCa, type ServerIdentity } from '../../local/transport/ca.ts';
import { createLine, type Line } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { create, type EjbcaDependencies } from '../../src/issuers/ejbca.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { EjbcaPlan } from '../../src/plan/issuers/ejbca.ts';

export const DOMAIN = 'contoso.example';

/** EJBCA on HTTPS, and our issuer for it. */
export interface EjbcaBench {
  readonly ejbca: EjbcaEmulator;
  readonly issuer: Issuer;
  readonly clock: ManualClock;
  readonly line: Line;
  /** Values of secrets by their id: what a test writes here is found by the issuer. */
  readonly secrets: Map<string, string>;
  /** Another issuer of the same estate, as after a restart. */
  readonly restarted: (plan?: Partial<EjbcaPlan>, dependencies?: Partial<EjbcaDependencies>) => Issuer;
  readonly close: () => Promise<void>;
}

export const CLIENT = 'https://credentials.vault.azure.net/secrets/ejbca-client';
export const CODE = 'https://credentials.vault.azure.net/secrets/ejbca-code';

export const transport = createTransportCa();

export const pemOf = ({ cert, key }: ServerIdentity): string => `${cert}${key}`;

/** Without faults unless told otherwise, at a time that tests move. */
export async function startEjbca(
  options: Partial<EjbcaOptions> = {},
  change: Partial<EjbcaPlan> = {},
): Promise<EjbcaBench> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const ejbca = createEjbca({ clock, suffixes: [DOMAIN], ...options });
  const line = createLine();
  const listener = await serveEmulator(ejbca, { port: 0, tls: transport.issue(), clientCa: transport.caPem, line });
  const secrets = new Map([
    [CLIENT, pemOf(transport.issueClient('renewer'))],
    [CODE, 'a secret of thirty-two characters\n'],
  ]);
  const plan: EjbcaPlan = {
    ...{ kind: 'ejbca', url: listener.url, clientCertificate: CLIENT, enrolmentCode: CODE },
    ...{ certificateAuthority: 'Stand EJBCA', certificateProfile: 'SERVER', endEntityProfile: 'servers' },
    ...{ endEntity: 'renewal', private: true, trust: [transport.caPem], chain: [] },
    roots: ejbca.roots().map((der) => derToPem(der)),
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: ['example'] },
  };
  const dependencies: EjbcaDependencies = {
    ...{ clock, mayConnect: addressRule(['127.0.0.1', '::1']) },
    secret: async (id) => secrets.get(id) ?? '',
  };
  const restarted: EjbcaBench['restarted'] = (more = {}, other = {}) =>
    create({ ...plan, ...change, ...more }, { ...dependencies, ...other });
  return { ejbca, issuer: restarted(), clock, line, secrets, restarted, close: listener.close };
}
