import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { messageOf, SmokeError } from '../errors.ts';
import { withEntries } from '../estate.ts';
import { textAt } from '../json.ts';
import type { Site } from '../prepare.ts';
import { type Answer, pause } from '../rest.ts';
import type { RuleId } from '../rules.ts';
import { createThrowAwayCa, type ThrowAwayCa } from '../throw-away-ca.ts';
import { csrOf, type Made, makeVersion, requestCertificate } from './certificates.ts';
import { followRenewal, hearOfNewVersion } from './renewal.ts';
import type { Run } from './run.ts';
import { askForAbsentSecret, askForExpired, serveFirst } from './site-questions.ts';
import {
  askAboutCsrs,
  askAboutEcRequest,
  askAboutListsAndPolicies,
  askAboutTags,
  askToMergeAgain,
} from './vault-questions.ts';
import { until } from './wait.ts';

const DAY_MILLISECONDS = 86_400_000;
/** The app reads the estate file once a minute. */
const ESTATE_SECONDS = 180;
const EXPIRED_AFTER_SECONDS = 10;

/**
 * A throw-away certificate from its request to served: its first version, of the run's own CA, comes within 30 days of its
 * end while we watch, and is due in that moment. So the vault's own event starts the renewal, as it does for any other.
 */
export async function tellStory(run: Run): Promise<void> {
  const { names, prepared, print } = run;
  const { site } = prepared;
  const ca = createThrowAwayCa(names.run, new Date());
  await enterEstate(run);
  print('the estate file has the throw-away certificates; the app reads it within a minute');
  const requests = await requestAll(run);
  const expired = await trying(run, ['question.11'], () => makeExpired(run, ca, requests));
  await awaitEstate(run);
  const first = await makeFirst(run, ca, requests);
  const isServed = site === undefined ? withoutSite(run) : await serveFirst(run, site, first);
  await trying(run, ['question.4'], () => askToMergeAgain(run, first));
  await trying(run, ['question.5'], () => askAboutTags(run, first));
  const life = lifeUntil(daysFromNow(20), 25);
  const short = await makeVersion(run, names.short, { ca, csr: requests.short, life });
  await trying(run, ['question.6'], () => askAboutListsAndPolicies(run, short));
  if (site !== undefined) {
    await trying(run, ['question.8'], () => askForAbsentSecret(run, site));
    if (expired !== undefined) await trying(run, ['question.11'], () => askOnceExpired(run, site, expired));
  }
  await hearOfNewVersion(run);
  await followRenewal(run, { isServed: isServed && site?.isPrivate === true });
}

/** What one question meets must not keep the others from being asked: a refusal is told in place of its answer. */
async function trying<T>(run: Run, ids: readonly RuleId[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SmokeError)) throw error;
    for (const id of ids) run.found(id, { unseen: messageOf(error) });
    return undefined;
  }
}

/** What was not asked for is not counted against the run. */
function withoutSite({ found }: Run): false {
  const ids = ['served.first', 'question.8', 'question.9', 'question.10', 'question.11', 'question.15'] as const;
  for (const id of ids) found(id, { unseen: 'no site was named', foreseen: true });
  return false;
}

/** Answers with the moment in which it has ended. */
async function makeExpired(run: Run, ca: ThrowAwayCa, { expired }: Requests): Promise<Date> {
  const life = lifeUntil(new Date(Date.now() + EXPIRED_AFTER_SECONDS * 1000), 30);
  await makeVersion(run, run.names.expired, { ca, csr: expired, life });
  return life.notAfter;
}

async function askOnceExpired(run: Run, site: Site, expiry: Date): Promise<void> {
  await pause(Math.max(0, expiry.getTime() + 1000 - Date.now()), run.signal);
  await askForExpired(run, site);
}

/** The certificates that the app is to look after: what is due when, and where it is served. */
async function enterEstate(run: Run): Promise<void> {
  const { estate, names, prepared, ledger } = run;
  const { site, issuer, vault, hostName } = prepared;
  const targets =
    site?.isPrivate === true
      ? [{ kind: 'app-service', site: site.id, certificateResource: names.main, hostName, endpoint: site.place }]
      : [];
  const addition = {
    run: names.run,
    plan: {
      ...{ issuer, owner: 'npm run smoke', acceptance: { validityDays: prepared.validityDays } },
      // Due exactly when the vault raises its event, 30 days before the end, and not before.
      renewAt: { percentOfLife: 95, floorDays: 30 },
      rollout: { wavePercent: [100], verify: { everySeconds: 5, forSeconds: 300 } },
    },
    certificates: [
      { vault: vault.name, name: names.main, plan: names.run, targets },
      { vault: vault.name, name: names.short, plan: names.run },
    ],
  };
  const { text, etag } = await estate.read();
  const written = withEntries(text, addition);
  ledger.remember({ do: 'estate', run: names.run, original: text, writtenSha256: sha256Hex(Buffer.from(written)) });
  if (!(await estate.write(written, etag)))
    throw new SmokeError('estate file: somebody else has edited it meanwhile; run it again');
}

interface Requests {
  readonly main: string;
  readonly short: string;
  readonly expired: string;
}

/** Four requests: what is in them answers questions 2 and 13. */
async function requestAll(run: Run): Promise<Requests> {
  const { names } = run;
  const wanted = [names.main, names.short, names.expired] as const;
  const created: Answer[] = [];
  for (const name of wanted) created.push(await requestCertificate(run, name));
  const ec = await requestCertificate(run, names.ec, 'P-256');
  askAboutCsrs(run, [...created, ec]);
  askAboutEcRequest(run, await csrOf(run, names.ec, ec));
  const [main, short, expired] = await Promise.all(wanted.map((name, index) => csrOf(run, name, created[index] ?? ec)));
  run.print('the vault has made keys and requests');
  return { main: main ?? '', short: short ?? '', expired: expired ?? '' };
}

/** An event that comes before the app knows the certificate would be parked. */
async function awaitEstate(run: Run): Promise<void> {
  const { app, prepared, names, signal } = run;
  const known = await until(
    async () => {
      const { body } = await app.ask(prepared.vault.name, names.main);
      return textAt(body, 'outcomeReason') === 'not-in-estate' ? undefined : body;
    },
    { seconds: ESTATE_SECONDS, everySeconds: 3, signal },
  );
  if (known === undefined)
    throw new SmokeError(
      `the app has not read the estate file within ${ESTATE_SECONDS} s: does its setting PERENNIAL_ESTATE name this blob?`,
    );
  run.print('the app knows the throw-away certificates');
}

/** Comes within 30 days of its end after `nearExpirySeconds`. */
async function makeFirst(run: Run, ca: ThrowAwayCa, { main }: Requests): Promise<Made> {
  const { config, names, prepared, ledger } = run;
  const seconds = config.nearExpirySeconds;
  ledger.remember({ do: 'renewals', vault: prepared.vault.name, certificates: [names.main, names.short] });
  const end = new Date(daysFromNow(30).getTime() + seconds * 1000);
  const made = await makeVersion(run, names.main, { ca, csr: main, life: lifeUntil(end, 90) });
  run.print(`the first version is there; it is due in ${seconds} s`);
  return made;
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MILLISECONDS);
}

/** Whole seconds, as certificates have them. */
function lifeUntil(end: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const notAfter = new Date(Math.floor(end.getTime() / 1000) * 1000);
  return { notAfter, notBefore: new Date(notAfter.getTime() - days * DAY_MILLISECONDS) };
}
