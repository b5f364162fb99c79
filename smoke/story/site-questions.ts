import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { at, textAt } from '../json.ts';
import type { Site } from '../prepare.ts';
import { type Answer, saidBy } from '../rest.ts';
import { look, lookFor } from '../served.ts';
import type { Made } from './certificates.ts';
import type { Run } from './run.ts';

const SERVE_SECONDS = 120;

/** Makes a certificate resource that imports from the vault. The ledger knows of it first. */
export function importCertificate(
  { arm, ledger, prepared }: Run,
  site: Site,
  { resource, secret }: { readonly resource: string; readonly secret: string },
): Promise<Answer> {
  const id = `${site.certificates}/${resource}`;
  ledger.remember({ do: 'site-certificate', id });
  const properties = {
    keyVaultId: prepared.vault.resourceId,
    keyVaultSecretName: secret,
    serverFarmId: site.serverFarmId,
    password: '',
  };
  return arm.ask('PUT', id, { location: site.location, properties });
}

/** Binds the host name to a version of the run, and looks whether it is served. Questions 10 and 15 are answered on the way. */
export async function serveFirst(run: Run, site: Site, made: Made): Promise<boolean> {
  const { ledger, names, found } = run;
  const imported = await importCertificate(run, site, { resource: names.main, secret: names.main });
  if (imported.status >= 300) {
    found('served.first', { saw: `App Service does not import it: ${saidBy(imported)}` });
    return false;
  }
  ledger.remember({
    do: 'binding',
    id: site.bindingId,
    certificate: `${site.certificates}/${names.main}`,
    was: site.binding,
  });
  const takesBack = await askToPutBack(run, site);
  const bound = await bind(run, site, { thumbprint: made.thumbprint, takesBack });
  answerPrivateCa(run, site, bound);
  if (bound.status >= 300) {
    toldRefused(run, site, bound);
    return false;
  }
  run.print(`${site.place.sni} is bound to the first version`);
  const seen = await lookFor(site.place, made.sha256, { seconds: SERVE_SECONDS, signal: run.signal });
  if ('reason' in seen) {
    found('served.first', { saw: `nothing: ${seen.reason}` });
    return false;
  }
  found('served.first', {
    saw: seen.sent[0] === made.sha256 ? 'the first version' : 'another certificate',
    detail: seen.links,
  });
  found('question.10', { saw: chainWord(seen.sent, made) });
  return seen.sent[0] === made.sha256;
}

/** Members that are read only go along where that is taken, as the app sends them. */
async function bind(
  { arm }: Run,
  site: Site,
  { thumbprint, takesBack }: { readonly thumbprint: string; readonly takesBack: boolean },
): Promise<Answer> {
  const read = takesBack ? (at(await arm.get(site.bindingId), 'properties') as object) : {};
  return arm.ask('PUT', site.bindingId, { properties: { ...read, sslState: 'SniEnabled', thumbprint } });
}

/** A multi-tenant site is thought to refuse: that is question 15, and nothing is served then. */
function toldRefused({ found }: Run, site: Site, bound: Answer): void {
  const said = `the binding is refused: ${saidBy(bound)}`;
  found('served.first', site.isPrivate ? { saw: said } : { unseen: said, foreseen: true });
  found('question.10', { unseen: said, ...(!site.isPrivate && { foreseen: true }) });
}

/** Question 15. */
function answerPrivateCa({ found }: Run, site: Site, bound: Answer): void {
  const saw = bound.status >= 300 ? `refused with ${bound.status}` : 'it is taken';
  const unseen = 'the site is in an App Service Environment';
  found('question.15', site.isPrivate ? { unseen, foreseen: true } : { saw });
}

/** Question 10: what was sent, against what the file holds. */
function chainWord(sent: readonly string[], { chain }: Made): string {
  const held = chain.map((der) => sha256Hex(Buffer.from(der, 'base64')));
  if (sent.join() === held.join()) return 'as the file holds it, the root too';
  if (sent.join() === held.slice(0, 2).join()) return 'as the file holds it, without the root';
  return sent.length === 1 ? 'the leaf alone' : 'a chain of its own';
}

/** Question 9: what GET has answered, sent back as it is. */
async function askToPutBack({ arm, found }: Run, site: Site): Promise<boolean> {
  const binding = await arm.get(site.bindingId);
  const answer = await arm.ask('PUT', site.bindingId, { properties: at(binding, 'properties') });
  found('question.9', { saw: answer.status < 300 ? 'yes' : `no: ${saidBy(answer)}` });
  return answer.status < 300;
}

/** Question 8: a secret that is not there. */
export async function askForAbsentSecret(run: Run, site: Site): Promise<void> {
  const { names, found } = run;
  const answer = await importCertificate(run, site, { resource: names.absent, secret: names.absent });
  const status = textAt(answer.body, 'properties', 'keyVaultSecretStatus');
  found('question.8', {
    saw: answer.status < 300 ? `PUT succeeds, the status is ${status}` : `PUT fails with ${answer.status}`,
    detail: saidBy(answer),
  });
}

/** Question 11: the certificate has ended by then. */
export async function askForExpired(run: Run, site: Site): Promise<void> {
  const { names, found } = run;
  const answer = await importCertificate(run, site, { resource: names.expired, secret: names.expired });
  found('question.11', { saw: answer.status < 300 ? 'yes' : `no: ${saidBy(answer)}` });
}

/** What is served at the end, and in which order: question 1. */
export async function lookAtNew(run: Run, site: Site, sha256: string): Promise<void> {
  const seen = await lookFor(site.place, sha256, { seconds: SERVE_SECONDS, signal: run.signal });
  if ('reason' in seen) return run.found('served.new', { saw: `nothing: ${seen.reason}` });
  run.found('served.new', {
    saw: seen.sent[0] === sha256 ? 'the new version' : 'another certificate',
    detail: `SHA-256 ${seen.sent[0]}`,
  });
  if (seen.sent[0] !== sha256) return;
  const again = await look(site.place);
  const links = 'links' in again ? again.links : seen.links;
  return run.found('question.1', {
    saw: links.endsWith('each followed by its issuer') ? 'leaf first, each followed by its issuer' : 'out of order',
    detail: links,
  });
}
