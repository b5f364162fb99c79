import { textAt } from '../json.ts';
import type { Finding } from '../report.ts';
import { currentSha256 } from './certificates.ts';
import type { Run } from './run.ts';
import { lookAtNew } from './site-questions.ts';
import { until } from './wait.ts';

/** A renewal has to have ended by then: the plan's verifying takes five minutes at most. */
const RENEWAL_SECONDS = 1200;

/** Nobody has asked for the short one: when the app has a row of it, the vault's event brought it. */
export async function hearOfNewVersion(run: Run): Promise<void> {
  const { app, prepared, names, config, signal } = run;
  const began = Date.now();
  const row = await until(() => app.row(prepared.vault.name, names.short), {
    ...{ seconds: config.eventMinutes * 60, everySeconds: 2, signal },
  });
  if (row === undefined)
    return run.found('event.new-version', { saw: `nothing within ${config.eventMinutes} minutes` });
  const seconds = Math.round((Date.now() - began) / 1000);
  const reason = textAt(row, 'reason');
  if (reason === 'sweep') return run.found('event.new-version', { unseen: 'a sweep was faster; run it again' });
  run.print(`the app has heard of a new version (${seconds} s)`);
  return run.found('event.new-version', {
    saw: 'heard without being asked',
    detail: `${seconds} s after it was looked for`,
  });
}

/** Waits for the event that starts the renewal, or starts it; then follows it to its end and looks at what is served. */
export async function followRenewal(run: Run, { isServed }: { readonly isServed: boolean }): Promise<void> {
  const id = (await startedByEvent(run)) ?? (await startByHand(run));
  if (id === undefined) return run.found('renewal.outcome', { saw: 'it was not started' });
  run.print(`renewal ${id}`);
  const ended = await endOf(run, id);
  const outcome = textAt(ended, 'outcome');
  tellOutcome(run, ended);
  await answerFromRow(run);
  if (outcome === 'renewed') {
    run.found('question.14', { saw: 'the app keeps its tables and journal with them' });
    await lookAtServed(run, { isServed, verified: textAt(ended, 'verified') });
  }
}

function tellOutcome({ found, prepared }: Run, ended: unknown): void {
  const late = { saw: `it has not ended within ${RENEWAL_SECONDS / 60} minutes` };
  found('renewal.outcome', ended === undefined ? late : outcomeOf(ended, prepared.site?.isPrivate === true));
}

function outcomeOf(ended: unknown, hasTarget: boolean): Finding {
  const [outcome, reason, detail] = [textAt(ended, 'outcome'), textAt(ended, 'outcomeReason'), textAt(ended, 'detail')];
  const isGood = outcome === 'renewed' && reason === (hasTarget ? 'served' : 'no-targets');
  return { saw: isGood ? outcome : `${outcome}: ${reason}`, detail: `${reason}: ${detail}` };
}

async function lookAtServed(
  run: Run,
  { isServed, verified }: { readonly isServed: boolean; readonly verified: string },
): Promise<void> {
  const { site } = run.prepared;
  if (site === undefined || !isServed) {
    const unseen =
      site === undefined
        ? 'no site was named'
        : 'the site is no target: it is multi-tenant, or the first version was not served';
    const foreseen = site === undefined || !site.isPrivate;
    for (const id of ['served.new', 'question.1', 'question.12'] as const)
      run.found(id, { unseen, ...(foreseen && { foreseen }) });
    return;
  }
  await lookAtNew(run, site, await currentSha256(run, run.names.main));
  run.found('question.12', {
    saw: verified === '1/1' ? 'no' : 'the deployment did not succeed',
    detail: 'holds if roles.deployer is as deployed: that role has no such action',
  });
}

/** The vault raises its event 30 days before the end; the time to wait begins there. */
async function startedByEvent(run: Run): Promise<string | undefined> {
  const { config } = run;
  run.print(`waiting for the near-expiry event, ${config.eventMinutes} minutes at most`);
  const seconds = config.nearExpirySeconds + config.eventMinutes * 60;
  const row = await until(() => startedRow(run, run.names.main), { seconds, everySeconds: 2, signal: run.signal });
  if (row === undefined) {
    run.found('event.near-expiry', { saw: `nothing within ${config.eventMinutes} minutes` });
    return undefined;
  }
  const reason = textAt(row, 'reason');
  run.found('event.near-expiry', reason === 'sweep' ? { unseen: 'a sweep was faster; run it again' } : { saw: reason });
  return textAt(row, 'id');
}

async function startedRow({ app, prepared }: Run, name: string): Promise<unknown> {
  const row = await app.row(prepared.vault.name, name);
  return textAt(row, 'id') === '' ? undefined : row;
}

/** It is due by then: a person need not force it. */
async function startByHand({ app, prepared, names, print }: Run): Promise<string | undefined> {
  print('no event came: the renewal is asked for over HTTP');
  const { body } = await app.ask(prepared.vault.name, names.main);
  return textAt(body, 'id') || undefined;
}

async function endOf(run: Run, id: string): Promise<unknown> {
  let said = '';
  return until(
    async () => {
      const { body } = await run.app.renewal(id);
      const line = [textAt(body, 'stage'), textAt(body, 'verified')].filter((part) => part !== '').join(', verified ');
      if (line !== said) run.print(`  ${line}`);
      said = line;
      return textAt(body, 'outcome') === '' ? undefined : body;
    },
    { seconds: RENEWAL_SECONDS, everySeconds: 2, signal: run.signal },
  );
}

/** Question 7: the short one was within its last 30 days when it was made. Only an event or a sweep can have started it. */
async function answerFromRow(run: Run): Promise<void> {
  const reason = textAt(await startedRow(run, run.names.short), 'reason');
  if (reason === 'sweep') return run.found('question.7', { unseen: 'a sweep was faster; run it again' });
  return run.found('question.7', { saw: reason === '' ? 'nothing while we looked' : reason });
}
