import type { OrchestrationContext } from 'durable-functions';
import { awaitIssue } from './await-issue.ts';
import { decideAgain } from './decide-again.ts';
import { deploy, withoutRollout } from './deploy.ts';
import { gate } from './gate.ts';
import { isVersionOne, perform, problemOf, type Story } from './perform.ts';
import { RenewalProgress } from './progress.ts';
import { adopt, renewInVault } from './renew-in-vault.ts';
import { type Ended, isEnded, type RenewalInput, type RenewalResult } from './story.ts';

/**
 * The life of one renewal (design: "The life of a renewal"). It only tells the story; every effect is a step.
 * Whatever happens it ends in `close`, with an outcome and a reason.
 */
export function* renewCertificate(context: OrchestrationContext): Story<RenewalResult> {
  const progress = new RenewalProgress(context, context.df.getInput<RenewalInput>());
  let end: Ended;
  try {
    end = yield* stagesOf(progress);
  } catch (error) {
    end = progress.broken(problemOf(error));
  }
  progress.enter('close', end);
  const result = progress.result(end);
  yield* perform(progress, 'close', { result });
  return result;
}

function* stagesOf(renewal: RenewalProgress): Story<Ended> {
  renewal.enter('inspect');
  const isOne = isVersionOne(renewal.context);
  const inspected = yield* perform(renewal, 'inspect', isOne ? renewal.started : renewal.asked);
  if (isEnded(inspected)) return inspected;
  renewal.inspected(inspected);

  renewal.enter('decide');
  const notDue = decideAgain(renewal.input, inspected, renewal.now());
  if (notDue !== undefined) return notDue;
  if (renewal.input.adopts !== undefined) return yield* adopt(renewal, inspected, renewal.input.adopts);
  if (renewal.input.scope === 'deploy') {
    renewal.merged(inspected.old);
    return yield* deploy(renewal, inspected, inspected.old);
  }
  if (inspected.inVault !== undefined) return yield* renewInVault(renewal, inspected, inspected.inVault);

  const mayRequest = yield* gate(renewal, 'before-request', { plan: inspected.plan.name, old: inspected.old.sha256 });
  if (isEnded(mayRequest)) return mayRequest;

  renewal.enter('request');
  const requested = yield* perform(renewal, 'request', { inspected: withoutRollout(inspected) });
  if (isEnded(requested)) return requested;
  const { csrSha256 } = requested;

  const maySubmit = yield* gate(renewal, 'before-submit', { csr: csrSha256 });
  if (isEnded(maySubmit)) return maySubmit;

  renewal.enter('submit');
  const { issuer, acceptance } = inspected.plan;
  const order = yield* perform(renewal, 'submit', { csrSha256, issuer, validityDays: acceptance.validityDays });
  if (isEnded(order)) return order;
  renewal.ordered(order.reference);

  renewal.enter('issue');
  const issued = yield* awaitIssue(renewal, { reference: order.reference, issuer, notAfter: inspected.old.notAfter });
  if (isEnded(issued)) return issued;

  renewal.enter('check');
  const { plan, old } = inspected;
  const checked = yield* perform(renewal, 'check', { plan, csrSha256, old, reason: renewal.input.reason });
  if (isEnded(checked)) return checked;

  const mayMerge = yield* gate(renewal, 'before-merge', {
    csr: csrSha256,
    chain: checked.chainSha256,
    diff: checked.diffClass,
  });
  if (isEnded(mayMerge)) return mayMerge;

  renewal.enter('merge');
  const version = yield* perform(renewal, 'merge', { checked, csrSha256, inspected: withoutRollout(inspected) });
  if (isEnded(version)) return version;
  renewal.merged(version);

  return yield* deploy(renewal, inspected, version);
}
