import { type StartDependencies, type Started, startRenewal } from './start.ts';

export type Resumed =
  | Started
  | { readonly state: 'unknown' }
  | { readonly state: 'not-partly-deployed' | 'superseded' | 'already-running'; readonly detail: string };

/**
 * Finishes a renewal whose version is not served everywhere, now and not when its back-off is over: what was not seen serving
 * it is deployed again, by a renewal of its own. Repeating it is harmless, as `startRenewal` is.
 */
export async function resumeRenewal(renewalId: string, app: StartDependencies): Promise<Resumed> {
  const instance = await app.orchestrations.find(renewalId);
  if (instance === undefined) return { state: 'unknown' };
  if (instance.state === 'running') return { state: 'already-running', detail: 'It has not ended yet' };
  const { vault, certificate } = instance.input;
  const row = (await app.store.certificate(vault, certificate))?.row;
  if (row === undefined) return { state: 'unknown' };
  if (row.state === 'renewing') return { state: 'already-running', detail: `Renewal ${row.renewalId} is running` };
  if (row.renewalId !== renewalId)
    return { state: 'superseded', detail: `Renewal ${row.renewalId ?? '(none)'} came after it` };
  if (row.lastOutcome !== 'partly-deployed' || row.undeployed === undefined)
    return { state: 'not-partly-deployed', detail: `It ended as ${row.lastOutcome ?? 'nothing that is known'}` };
  const version = row.undeployed;
  const comment = `resumes ${renewalId}`;
  return await startRenewal(
    { vault, certificate, reason: 'manual', force: false, resumes: true, version, comment },
    app,
  );
}
