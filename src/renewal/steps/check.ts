import { accept } from '../../certificate/acceptance.ts';
import { readCsr } from '../../certificate/csr.ts';
import { pemToDer } from '../../certificate/pem.ts';
import { readCertificate } from '../../certificate/read.ts';
import { profilePurposes } from '../../plan/issuers/vault-ca.ts';
import type { IssuerPlan } from '../../plan/types.ts';
import { requestGone, waitingCsr } from './request-gone.ts';
import { done, ended, type Step } from './step.ts';
import { chainSha256, orderOf, vaultUri } from './submit.ts';

/** Stage 7: nothing is merged that this has not accepted. */
export const check: Step<'check'> = {
  async run(input, app) {
    const { row: order, etag } = await orderOf(input.renewalId, app);
    const estate = await app.estate();
    const facts = await app.vault.inspect({ vault: vaultUri(estate, input.vault), name: input.certificate });
    const { csrSha256, old } = input;
    const csr = waitingCsr(facts, csrSha256);
    if (facts.state !== 'present' || facts.current?.sha256 !== old.sha256 || csr === undefined) {
      return requestGone(facts, { csrSha256, isOld: ({ sha256 }) => sha256 === old.sha256 });
    }
    const verdict = accept({
      answer: order.chain ?? [],
      csr: readCsr(Buffer.from(csr, 'base64')),
      old: readCertificate(Buffer.from(facts.current.der, 'base64')),
      profile: input.plan.acceptance,
      roots: dersOf(estate.issuers[input.plan.issuer]?.roots),
      intermediates: dersOf(estate.issuers[input.plan.issuer]?.chain),
      now: app.clock.now(),
      knownSerials: [input.old.serial],
      startReason: input.reason,
      purposes: purposesOf(estate.issuers[input.plan.issuer]),
    });
    if (verdict.state === 'refused') {
      await app.store.saveOrder({ ...order, state: 'rejected' }, etag);
      const outcome = verdict.reason === 'needs-approval' ? 'needs-person' : 'rejected';
      return ended(outcome, verdict.reason, verdict.detail);
    }
    await app.store.saveOrder({ ...order, accepted: verdict.chain }, etag);
    return done({
      sha256: verdict.leaf.sha256,
      serial: verdict.leaf.serial,
      notAfter: verdict.leaf.notAfter.toISOString(),
      chainSha256: chainSha256(verdict.chain),
      diffClass: verdict.diff.overall,
      warnings: verdict.warnings,
    });
  },
  result: (value) => ({ ...value }),
};

/** What certificates of an issuer are for, where it says so: they serve TLS otherwise. */
function purposesOf(issuer: IssuerPlan | undefined): readonly string[] {
  const profile = issuer?.kind === 'vault-ca' ? issuer.profile : undefined;
  return profilePurposes[profile ?? 'server'];
}

function dersOf(pems: readonly string[] = []): Uint8Array[] {
  return pems.flatMap((pem) => [...pemToDer(pem)]);
}
