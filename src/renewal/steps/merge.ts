import { RenewalError } from '../../errors.ts';
import type { Inspection, VersionFacts } from '../../vault/port.ts';
import type { Inspected, StepInput } from '../story.ts';
import { summaryOf } from './inspect.ts';
import { replaced } from './request-gone.ts';
import { done, ended, type Step } from './step.ts';
import { chainSha256, orderOf } from './submit.ts';

/** Stage 8: the accepted chain joins its key; from now on pull targets can take the new version. */
export const merge: Step<'merge'> = {
  async run(input, app) {
    const { row: order, etag } = await orderOf(input.renewalId, app);
    const chain = order.accepted ?? [];
    if (chainSha256(chain) !== input.checked.chainSha256) {
      return ended('failed', 'step-failed', 'the stored chain is not the one that was accepted');
    }
    const ref = { vault: input.inspected.vaultUri, name: input.certificate };
    const facts = await app.vault.inspect(ref, 'version');
    const isKnown = ({ sha256 }: VersionFacts) => [input.inspected.old.sha256, input.checked.sha256].includes(sha256);
    const stop = replaced(facts, isKnown) ?? policyChanged(facts, input);
    if (stop !== undefined) return stop;
    let version: VersionFacts;
    try {
      version = await app.vault.merge({ ...ref, chain, tags: input.inspected.facts.tags });
    } catch (error) {
      if (error instanceof RenewalError && error.retry) throw error;
      // Somebody may have merged after we looked: then nothing is pending any more.
      const gone = replaced(await app.vault.inspect(ref, 'version'), isKnown);
      if (gone === undefined) throw error;
      return gone;
    }
    if (version.sha256 !== input.checked.sha256) {
      return ended(
        'needs-person',
        'not-current',
        `the vault made ${version.sha256} current, not the accepted certificate`,
      );
    }
    await app.store.saveOrder({ ...order, state: 'merged' }, etag);
    return done(summaryOf(version));
  },
  intent: ({ checked, csrSha256 }: StepInput<'merge'>) => ({
    csr: csrSha256,
    certificate: checked.sha256,
    chain: checked.chainSha256,
  }),
  result: (value) => ({ ...value }),
};

function policyChanged(facts: Inspection, { checked, inspected }: StepInput<'merge'>) {
  const isMerged = facts.state === 'present' && facts.current?.sha256 === checked.sha256;
  if (isMerged || (facts.state === 'present' && samePolicy(facts.policy, inspected))) return undefined;
  return ended('needs-person', 'policy-changed', 'the certificate or its policy was changed while the renewal ran');
}

/** What was approved and requested must still be what the vault is told to keep. */
function samePolicy(now: Inspected['facts']['policy'], { facts }: Inspected): boolean {
  const relevant = ({ subject, dnsNames, keyType, exportable, contentType }: Inspected['facts']['policy']) =>
    JSON.stringify([subject, [...dnsNames].sort(), keyType, exportable, contentType]);
  return relevant(now) === relevant(facts.policy);
}
