import { randomBytes } from 'node:crypto';
import { ManualClock } from '../../local/clock.ts';
import { createStepCa, type StepCaEmulator, type StepCaOptions } from '../../local/issuers/step-ca/step-ca.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import { create, type StepCaDependencies } from '../../src/issuers/step-ca.ts';
import type { StepCaPlan } from '../../src/plan/issuers/step-ca.ts';
import { createMemoryKey, type MemoryKey, type MemoryKeyKind } from '../builders/memory-key.ts';

export const DOMAIN = 'contoso.example';
export const PROVISIONER = 'renewer';
/** What the CA's policy forbids, and the estate file does not. */
export const FORBIDDEN = 'not-allowed.example';

/** A step-ca, wherever it runs, and the key of its provisioner. */
export interface StepCaAt {
  readonly url: string;
  /** PEM of what vouches for its host. */
  readonly trust: string;
  /** PEM of the root that chains end at. */
  readonly root: string;
  readonly key: MemoryKey;
  readonly clock: StepCaDependencies['clock'];
}

/** Our issuer there; another one of the same estate with what is given otherwise. */
export function stepCaIssuers({ url, trust, root, key, clock }: StepCaAt) {
  const plan: StepCaPlan = {
    kind: 'step-ca',
    url,
    ...{ provisioner: PROVISIONER, provisionerKey: key.id, private: true },
    trust: [trust],
    chain: [],
    roots: [root],
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN, FORBIDDEN] },
  };
  const dependencies: StepCaDependencies = {
    ...{ answers: createMemoryAnswers(), clock, provisionerKey: key, random: randomBytes },
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  return (more: Partial<StepCaPlan> = {}, other: Partial<StepCaDependencies> = {}): Issuer =>
    create({ ...plan, ...more }, { ...dependencies, ...other });
}

export interface EmulatedStepCa extends StepCaAt {
  readonly ca: StepCaEmulator;
  readonly clock: ManualClock;
  readonly issuerWith: ReturnType<typeof stepCaIssuers>;
  readonly close: () => Promise<void>;
}

const transport = createTransportCa();

/** The emulator on HTTPS, at a time that tests move. */
export async function startEmulatedStepCa(
  options: Partial<StepCaOptions> = {},
  kind: MemoryKeyKind = 'P-256',
): Promise<EmulatedStepCa> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const key = createMemoryKey(kind);
  const { jwk } = await key.newest();
  const allows = (name: string): boolean => name === DOMAIN || name.endsWith(`.${DOMAIN}`);
  const ca = createStepCa({ clock, provisioner: { name: PROVISIONER, key: jwk }, allows, ...options });
  const listener = await serveEmulator(ca, { port: 0, tls: transport.issue() });
  const at = { url: listener.url, trust: transport.caPem, root: derToPem(ca.roots()[0]), key, clock };
  return { ...at, ca, issuerWith: stepCaIssuers(at), close: () => listener.close() };
}
