import { at, listAt, textAt } from '../json.ts';
import { readRequest } from '../request-facts.ts';
import type { Answer } from '../rest.ts';
import { carriesTag, type Made } from './certificates.ts';
import type { Run } from './run.ts';

/** Question 2, by every request that the run has made. */
export function askAboutCsrs({ found }: Run, created: readonly Answer[]): void {
  const without = created.filter(({ body }) => textAt(body, 'csr') === '').length;
  found('question.2', {
    saw: without === 0 ? 'yes, each time' : `no: ${without} of ${created.length} answers had none`,
    detail: `${created.length} creates`,
  });
}

/** Question 4: the operation is completed by then. */
export async function askToMergeAgain({ vault, found }: Run, { name, chain }: Made): Promise<void> {
  const answer = await vault.ask('POST', `/certificates/${name}/pending/merge`, { x5c: chain });
  found('question.4', { saw: `${answer.status} ${answer.code}`.trim() });
}

/** Question 5: the create had tags, the merge none. */
export async function askAboutTags(run: Run, { name }: Made): Promise<void> {
  run.found('question.5', { saw: (await carriesTag(run, name)) ? 'yes' : 'no' });
}

/** Question 6. */
export async function askAboutListsAndPolicies({ vault, names, found }: Run, { name }: Made): Promise<void> {
  const list = await vault.ask('GET', `/certificates/${names.absent}/versions`);
  const versions =
    list.status === 200 && listAt(list.body, 'value').length === 0 ? '200 and empty' : `${list.status} ${list.code}`;
  const before = (await vault.need('GET', `/certificates/${name}/policy`)).body;
  await vault.need('PATCH', `/certificates/${name}/policy`, { x509_props: { validity_months: 5 } });
  const after = (await vault.need('GET', `/certificates/${name}/policy`)).body;
  const changed = lostMembers(before, after);
  found('question.6', {
    saw: `${versions}; PATCH ${changed.length === 0 ? 'keeps them' : `loses ${changed.join(', ')}`}`,
    detail: `validity_months is ${String(at(after, 'x509_props', 'validity_months'))} after a PATCH to 5`,
  });
}

/** Members of the policy that were not named in the PATCH, and are other ones after it. */
function lostMembers(before: unknown, after: unknown): readonly string[] {
  const paths = [
    ...[['key_props'], ['secret_props'], ['issuer', 'name'], ['lifetime_actions']],
    ...['subject', 'sans', 'ekus', 'key_usage'].map((part) => ['x509_props', part]),
  ];
  const differs = (path: readonly string[]): boolean =>
    JSON.stringify(at(before, ...path)) !== JSON.stringify(at(after, ...path));
  return paths.filter(differs).map((path) => path.join('.'));
}

/** Question 13: what the vault asks for with a key on P-256. */
export function askAboutEcRequest({ found }: Run, csr: string): void {
  const { keyUsage, hash } = readRequest(Buffer.from(csr, 'base64'));
  found('question.13', { saw: `${keyUsage.join(' and ') || 'no key usage'}, signed with ${hash} for P-256` });
}
