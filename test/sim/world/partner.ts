import { type Authority, type CertificateWish, certify } from '../../../local/pki.ts';
import type { PartnerAnswer, PartnerRequest, Provider } from '../../../local/vault/provider.ts';
import { noNames } from '../../../src/certificate/alternative-names.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { Faults } from '../faults/faults.ts';
import type { Dice } from '../virtual/dice.ts';
import type { KeyRing } from '../virtual/keys.ts';
import { badCertificates, wholeSeconds } from './bad-certificates.ts';

export interface PartnerOptions {
  readonly dice: Dice;
  readonly faults: Faults;
  readonly keys: KeyRing;
  readonly issuing: Authority;
}

type Strikes = (name: FaultName) => boolean;

/** What becomes of one order, whoever had the vault place it: decided when the partner first hears of it. */
interface Fate {
  readonly seconds: number;
  readonly refuses?: PartnerAnswer;
  readonly changes?: BadWish;
}

/** How it changes what is certified. */
type BadWish = (asked: {
  readonly csr: ReturnType<typeof readCsr>;
  readonly now: number;
}) => Partial<CertificateWish> & { readonly spki?: Uint8Array };

/** Partners answer after a little more than this. */
const QUICK_SECONDS = 20;
const DAY = 86_400_000;

/** The CA that the vaults have an account with. It deals with the vault alone: all that the app sees of it is what the vault says. */
export function createPartner(options: PartnerOptions): Provider {
  const fates = new Map<string, Fate>();
  return (_account, csr, request) => {
    const fate = fates.get(request.requestId) ?? fateOf(request, options);
    fates.set(request.requestId, fate);
    const left = fate.seconds - (request.now.getTime() - request.submittedAt.getTime()) / 1000;
    if (left > 0) return { state: 'pending', retryAfterSeconds: Math.ceil(left) };
    return fate.refuses ?? { state: 'issued', chain: chainFor(csr, request, { ...options, fate }) };
  };
}

function fateOf({ vaultName, certificateName }: PartnerRequest, { dice, faults, keys }: PartnerOptions): Fate {
  const certificate = `${vaultName}/${certificateName}`;
  const strikes: Strikes = (name) => faults.strikes(name, `partner ${certificate}`, certificate);
  const seconds = strikes('ca.pending') ? Math.round(dice.scale('pending', 30, 40_000)) : QUICK_SECONDS;
  if (strikes('ca.reject')) return { seconds, refuses: refusal('Request rejected', 'simulated: policy') };
  if (strikes('ca.5xx')) return { seconds, refuses: refusal('Certificate issuer error', 'simulated: no answer') };
  // The vault sees to it that a certificate is for its key: such an operation fails.
  if (strikes('ca.wrong-key')) return { seconds, changes: () => ({ spki: keys.draw('P-256').spki }) };
  const name = (Object.keys(badCertificates) as FaultName[]).find(strikes);
  const changes = name && badCertificates[name];
  return changes === undefined ? { seconds } : { seconds, changes: (asked) => changes({ dice, ...asked }) };
}

function refusal(code: 'Request rejected' | 'Certificate issuer error', message: string): PartnerAnswer {
  return { state: 'rejected', code, message };
}

function chainFor(
  der: Uint8Array,
  { now, validityMonths }: PartnerRequest,
  { issuing, fate }: PartnerOptions & { readonly fate: Fate },
): readonly Uint8Array[] {
  const csr = readCsr(der);
  return certify(issuing, {
    subject: csr.subject,
    names: { ...noNames, ...csr.names },
    notBefore: wholeSeconds(now.getTime() - 300_000),
    notAfter: wholeSeconds(now.getTime() + validityMonths * MONTH_DAYS * DAY),
    extendedKeyUsage: [purposes.serverAuth, purposes.clientAuth],
    keyUsage: ['digitalSignature'],
    spki: csr.spki,
    ...fate.changes?.({ csr, now: now.getTime() }),
  }).chain;
}

/** Of the shortest month: what a partner makes of a validity in months is never longer than the plan allows. */
const MONTH_DAYS = 28;
