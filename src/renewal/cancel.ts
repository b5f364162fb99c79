import { RenewalError } from '../errors.ts';
import type { StartDependencies } from './start.ts';
import { stages } from './story.ts';

export type Cancelled =
  | { readonly state: 'accepted' }
  | { readonly state: 'unknown' }
  | { readonly state: 'too-late'; readonly detail: string };

/** Asks a running renewal to stop at its next gate; after the merge there is nothing left to stop. */
export async function cancelRenewal(renewalId: string, app: StartDependencies): Promise<Cancelled> {
  const instance = await app.orchestrations.find(renewalId);
  if (instance === undefined) return { state: 'unknown' };
  if (instance.state === 'finished') return { state: 'too-late', detail: 'it is finished' };
  const stage = instance.status?.stage ?? 'inspect';
  if (stages.indexOf(stage) >= stages.indexOf('merge'))
    return { state: 'too-late', detail: `it is in stage ${stage}; the new version exists` };
  const { vault, certificate } = instance.input;
  const found = await app.store.certificate(vault, certificate);
  if (found?.row.renewalId !== renewalId)
    throw new RenewalError('storage-conflict', `cancel: another renewal took over: ${renewalId}`);
  await app.store.saveCertificate({ ...found.row, cancelRequested: renewalId }, found.etag);
  return { state: 'accepted' };
}
