import { accept } from '../../certificate/acceptance.ts';
import { readCsr } from '../../certificate/csr.ts';
import { readSubject } from '../../certificate/names.ts';
import { pemToDer } from '../../certificate/pem.ts';
import { certificateParts, readCertificate } from '../../certificate/read.ts';
import type { CertificateDetails, CsrDetails } from '../../certificate/types.ts';
import { RenewalError } from '../../errors.ts';
import type { OrderRow, Versioned } from '../../estate/port.ts';
import { takersOf } from '../../plan/takers.ts';
import type { Inspection, VersionFacts } from '../../vault/port.ts';
import type { Dependencies } from '../dependencies.ts';
import type { StepInput } from '../story.ts';
import { summaryOf } from './inspect.ts';
import { done, ended, type Step } from './step.ts';

type Present = Extract<Inspection, { state: 'present' }> & { readonly current: VersionFacts };

/**
 * Stage 7 where the issuer is inside the vault: the version is finished and current, and is judged as it stands in the vault.
 * One that is refused is deployed by nobody; it stays noted in the row as found, so that the next attempt judges it again.
 */
export const checkVersion: Step<'checkVersion'> = {
  async run(input, app) {
    const ref = { vault: input.vaultUri, name: input.certificate };
    const row = (await app.store.certificate(input.vault, input.certificate))?.row;
    const before = input.adopts === undefined ? row?.expectedVersion : row?.foundAfter;
    const facts = await app.vault.inspect(ref);
    if (facts.state === 'absent') return ended('not-needed', 'gone', 'the certificate was deleted meanwhile');
    const { current } = facts;
    const order = input.adopts === undefined ? await app.store.order(input.renewalId) : undefined;
    if (current === undefined || current.version === before) throw notVisibleYet(input);
    const found = { ...facts, current };
    if (!isMeant(found, input, order?.row))
      return ended('not-needed', 'not-current', `version ${current.version} became current, made by somebody else`);
    const old = before === undefined ? undefined : await app.vault.version(ref, before);
    const verdict = await judge(found, old, { input, app });
    if (verdict.state === 'refused') {
      await note(order, { state: 'rejected' }, app);
      return ended('needs-person', verdict.reason, `${verdict.detail}; ${takenAnyway(current, input)}`);
    }
    await note(order, { state: 'merged', accepted: verdict.chain }, app);
    return done({
      version: summaryOf(current),
      ...(old && { replaced: summaryOf(old) }),
      diffClass: verdict.diff.overall,
      warnings: verdict.warnings,
    });
  },
  result: (value, { adopts }) => ({ ...value, adopted: adopts !== undefined }),
};

/** A vault may show the old version for a moment after the operation is completed. */
function notVisibleYet({ vault, certificate }: StepInput<'checkVersion'>): RenewalError {
  return new RenewalError(
    'vault-conflict',
    `check: the new version is not visible yet: vault=${vault}, name=${certificate}`,
  );
}

/** Whether the current version is the one that this renewal is about: by its id, or by the key of what was ordered. */
function isMeant(
  { current, pending }: Present,
  { adopts }: StepInput<'checkVersion'>,
  order: OrderRow | undefined,
): boolean {
  if (adopts !== undefined) return current.version === adopts;
  // Another operation has taken the place of ours: its version is judged by the policy.
  if (pending === undefined || pending.csrSha256 !== order?.csrSha256) return true;
  return readCsr(Buffer.from(pending.csr, 'base64')).spkiSha256 === readCertificate(derOf(current)).spkiSha256;
}

async function judge(
  found: Present,
  old: VersionFacts | undefined,
  { input, app }: { readonly input: StepInput<'checkVersion'>; readonly app: Dependencies },
) {
  const { plan, reason } = input;
  const estate = await app.estate();
  const der = derOf(found.current);
  return accept({
    answer: [found.current.der],
    csr: askedOf(found, readCertificate(der)),
    ...(old && { old: readCertificate(derOf(old)) }),
    profile: plan.acceptance,
    roots: app.issuer(estate, plan.issuer).inVault?.roots(der) ?? [],
    intermediates: (estate.issuers[plan.issuer]?.chain ?? []).flatMap((pem) => [...pemToDer(pem)]),
    now: app.clock.now(),
    knownSerials: old === undefined ? [] : [old.serial],
    startReason: reason,
    keepsKey: found.policy.reuseKey,
  });
}

/**
 * What was asked for: the CSR, which the vault keeps with the finished operation. When another operation has taken its place
 * the policy tells; that the key is the vault's own is for the vault to see to, which finishes no version without it.
 */
function askedOf({ pending, policy }: Present, leaf: CertificateDetails): CsrDetails {
  const csr = pending?.status === 'completed' ? readCsr(Buffer.from(pending.csr, 'base64')) : undefined;
  if (csr?.spkiSha256 === leaf.spkiSha256) return csr;
  const { dnsNames: dns, emails: email, upns: upn } = policy;
  const { keyType, spkiSha256, der } = leaf;
  const { spki } = certificateParts(der);
  const asked = { subject: readSubject(policy.subject), subjectText: policy.subject, extendedKeyUsage: [] };
  return { ...asked, names: { dns, email, upn, ip: [], uri: [] }, keyType, spkiSha256, spki, der, sha256: leaf.sha256 };
}

function derOf({ der }: VersionFacts): Uint8Array {
  return Buffer.from(der, 'base64');
}

/** The result goes into the order of this renewal; what was adopted has none. */
async function note(
  order: Versioned<OrderRow> | undefined,
  change: Pick<OrderRow, 'state' | 'accepted'>,
  app: Dependencies,
): Promise<void> {
  if (order !== undefined) await app.store.saveOrder({ ...order.row, ...change }, order.etag);
}

/** Nothing of ours deploys what was refused, and not every target waits to be told. */
function takenAnyway({ version }: VersionFacts, { targets, takers }: StepInput<'checkVersion'>): string {
  const pulled = takers ?? takersOf(targets ?? []);
  return `version ${version} is current in the vault and is deployed nowhere; ${pulled}`;
}
