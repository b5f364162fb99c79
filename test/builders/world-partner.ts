import { type Authority, certify, type Keys } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import type { Clock } from '../../src/clock.ts';
import type { PartnerPlan } from '../../src/plan/issuers/partner.ts';
import type { Inspection, NamedIssuerRequest, PendingFacts, VersionFacts } from '../../src/vault/port.ts';
import { pendingOf, versionOf, type WorldVault } from './world.ts';

const DAY = 86_400_000;

/** An issuer inside the world's vault, which works by the world's clock. */
export interface WorldPartner {
  readonly plan: PartnerPlan;
  /** How long it takes. */
  issueSeconds: number;
  /** What it says then; `never`: nothing. */
  answer: 'issued' | 'never' | { readonly failed: string };
  /** Names that it certifies in place of those of the request. */
  dnsNames?: readonly string[];
  /** Whether it agrees to a cancellation. */
  agrees: boolean;
  /** The vault begins an operation by itself, or somebody does. */
  begin(name: string): PendingFacts;
  request(request: NamedIssuerRequest): PendingFacts;
  cancel(name: string): PendingFacts | undefined;
  /** Lets what is due by the clock happen; the vault does before each look. */
  settle(name: string): void;
}

interface Parts {
  readonly vault: WorldVault;
  readonly ca: Authority;
  readonly keys: readonly Keys[];
  readonly clock: Clock;
}

export function createWorldPartner({ vault, ca, keys, clock }: Parts, issuerName = 'Partner'): WorldPartner {
  const begun = new Map<string, number>();
  let count = 0;
  const present = (name: string) => {
    const found = vault.get(name);
    if (found.state !== 'present') throw new TypeError(`world: no certificate ${name}`);
    return found;
  };
  const partner: WorldPartner = {
    plan: {
      kind: 'partner',
      issuerName,
      private: false,
      chain: [ca.pem],
      roots: [ca.rootPem],
      limits: { maxDays: 398, keys: ['P-256'], dnsSuffixes: ['contoso.example'] },
    },
    issueSeconds: 20,
    answer: 'issued',
    agrees: true,
    begin(name) {
      const found = present(name);
      count += 1;
      // The world's first version has the first key.
      const key = found.policy.reuseKey ? 0 : count % keys.length;
      const made = pendingOf(found.policy, keys[key] as Keys);
      const pending = { ...made, issuer: found.policy.issuer, requestId: String(count).padStart(32, '0') };
      vault.set(name, { ...found, pending });
      begun.set(name, clock.now().getTime());
      return pending;
    },
    request({ name }) {
      const { pending } = present(name);
      return pending?.status === 'inProgress' ? pending : partner.begin(name);
    },
    cancel(name) {
      const found = present(name);
      if (found.pending?.status !== 'inProgress') return found.pending;
      const asked = { ...found.pending, cancellationRequested: true } as const;
      const pending: PendingFacts = partner.agrees ? { ...asked, status: 'cancelled' } : asked;
      vault.set(name, { ...found, pending });
      return pending;
    },
    settle(name) {
      const found = vault.get(name);
      const began = begun.get(name);
      if (found.state !== 'present' || found.pending?.status !== 'inProgress' || began === undefined) return;
      if (partner.answer === 'never' || clock.now().getTime() - began < partner.issueSeconds * 1000) return;
      begun.delete(name);
      vault.set(name, ended(found, found.pending));
    },
  };
  const ended = (found: Extract<Inspection, { state: 'present' }>, pending: PendingFacts): Inspection => {
    if (partner.answer !== 'issued' && partner.answer !== 'never')
      return { ...found, pending: { ...pending, status: 'failed', error: partner.answer.failed } };
    return { ...found, pending: { ...pending, status: 'completed' }, current: issued(pending) };
  };
  const issued = (pending: PendingFacts): VersionFacts => {
    const csr = readCsr(Buffer.from(pending.csr, 'base64'));
    const notBefore = new Date(clock.now().getTime() - 600_000);
    const { der } = certify(ca, {
      subject: csr.subject,
      names: partner.dnsNames === undefined ? csr.names : { dns: partner.dnsNames },
      spki: csr.spki,
      ...{ notBefore, notAfter: new Date(notBefore.getTime() + 90 * DAY), keyUsage: ['digitalSignature'] },
    });
    return versionOf(der, pending.requestId.replace(/^0/, 'd'));
  };
  return partner;
}
