import { sha256Hex } from '../src/certificate/fingerprint.ts';
import type { App } from './app.ts';
import type { Arm } from './arm.ts';
import { messageOf, SmokeError } from './errors.ts';
import { type EstateBlob, withoutEntries } from './estate.ts';
import { at, textAt } from './json.ts';
import type { Act, Ledger } from './ledger.ts';
import { isThrowAway } from './names.ts';
import { pause, saidBy } from './rest.ts';
import { belongings, type VaultDoor } from './vault.ts';

/** The doors through which everything is undone. */
export interface Doors {
  readonly arm: Arm;
  readonly app: App;
  readonly estate: EstateBlob;
  readonly vault: (uri: string) => VaultDoor;
}

/** What became of one act: `left` is still there and a later `--clean` tries again, `kept` is what nobody may remove yet. */
export interface Undone {
  readonly what: string;
  readonly state: 'undone' | 'kept' | 'left';
  readonly detail?: string;
}

/** Waits for the app and for the vault are bounded: what is not over by then is told, and tried again by `--clean`. */
const SETTLE_SECONDS = 180;
const LOOK_MILLISECONDS = 2000;
const TRIES = 5;

/**
 * Undoes everything in the ledger: renewals end first, because they would make again what is removed, then the newest act
 * goes first. One that fails keeps none of the others from being undone.
 */
export async function undoAll(ledger: Ledger, doors: Doors): Promise<readonly Undone[]> {
  const results: Undone[] = [];
  const left = ledger.left();
  const renewals = left.filter((act) => act.do === 'renewals');
  for (const group of groupsOf([...renewals, ...left.filter((act) => act.do !== 'renewals')])) {
    const ended = await Promise.all(group.map((act) => undo(act, doors)));
    for (const [index, act] of group.entries()) {
      const result = ended[index];
      if (result === undefined) continue;
      results.push(result);
      if (result.state !== 'left') ledger.forget(act);
    }
  }
  return results;
}

/** Acts of one kind that follow each other are undone together: deleting in a vault takes its time. */
function groupsOf(acts: readonly Act[]): readonly (readonly Act[])[] {
  const groups: Act[][] = [];
  for (const act of acts) {
    const last = groups.at(-1);
    if (last?.[0]?.do === act.do) last.push(act);
    else groups.push([act]);
  }
  return groups;
}

async function undo(act: Act, doors: Doors): Promise<Undone> {
  const what = nameOf(act);
  try {
    const kept = await undoing(act, doors);
    return kept === undefined ? { what, state: 'undone' } : { what, state: 'kept', detail: kept };
  } catch (error) {
    return { what, state: 'left', detail: messageOf(error) };
  }
}

function nameOf(act: Act): string {
  switch (act.do) {
    case 'estate':
      return `entries of ${act.run} in the estate file`;
    case 'certificate':
      return `certificate ${act.name} in ${act.vault}`;
    case 'site-certificate':
    case 'binding':
      return act.id;
    case 'renewals':
      return `renewals of ${act.certificates.join(', ')}`;
    default:
      return act satisfies never;
  }
}

/** Answers with why something stays as it is; nothing when it is as it was. */
function undoing(act: Act, doors: Doors): Promise<string | undefined> {
  switch (act.do) {
    case 'estate':
      return restoreEstate(act, doors.estate);
    case 'certificate':
      return removeCertificate(doors.vault(act.vault), act.name);
    case 'site-certificate':
      return removeSiteCertificate(doors.arm, act.id);
    case 'binding':
      return restoreBinding(doors.arm, act);
    case 'renewals':
      return endRenewals(doors.app, act);
    default:
      return act satisfies never;
  }
}

type ActOf<Kind extends Act['do']> = Extract<Act, { readonly do: Kind }>;

/** To the letter as it was, where nobody has edited it meanwhile. */
async function restoreEstate({ run, original, writtenSha256 }: ActOf<'estate'>, blob: EstateBlob): Promise<undefined> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const { text, etag } = await blob.read();
    const isAsWritten = sha256Hex(Buffer.from(text)) === writtenSha256;
    const restored = isAsWritten ? original : withoutEntries(text, (one) => one === run);
    if (restored === text || (await blob.write(restored, etag))) return undefined;
  }
  throw new SmokeError(`estate file: somebody else edits it all the time; run --clean again`);
}

async function removeCertificate(vault: VaultDoor, name: string): Promise<string | undefined> {
  const found = await vault.ask('GET', `/certificates/${name}/`);
  if (found.status !== 404) {
    if (found.status !== 200) throw new SmokeError(`certificate ${name}: ${saidBy(found)}`);
    if (!isThrowAway(name, belongings(found)))
      throw new SmokeError(`certificate ${name}: its tag is not of a run; it is left alone`);
    // An operation that waits for somebody would keep the name busy.
    await vault.ask('DELETE', `/certificates/${name}/pending`);
    await vault.need('DELETE', `/certificates/${name}`);
  } else if (!(await isDeleted(vault, name))) return undefined;
  return purge(vault, name);
}

async function isDeleted(vault: VaultDoor, name: string): Promise<boolean> {
  return (await vault.ask('GET', `/deletedcertificates/${name}`)).status === 200;
}

/** A vault needs some seconds until a deleted certificate can be purged. Purge protection is no failure: it is told. */
async function purge(vault: VaultDoor, name: string): Promise<string | undefined> {
  for (const until = Date.now() + SETTLE_SECONDS * 1000; Date.now() < until; await pause(LOOK_MILLISECONDS)) {
    const deleted = await vault.ask('GET', `/deletedcertificates/${name}`);
    if (deleted.status === 403) return `deleted, and not purged: ${saidBy(deleted)}`;
    if (deleted.status !== 200) continue;
    const purged = await vault.ask('DELETE', `/deletedcertificates/${name}`);
    if (purged.status === 204 || purged.status === 404) return undefined;
    if (purged.status === 403) {
      const date = Number(at(deleted.body, 'scheduledPurgeDate'));
      const until = Number.isFinite(date) ? ` until ${new Date(date * 1000).toISOString().slice(0, 10)}` : '';
      return `deleted, and kept by the vault${until}: purge protection, or no right to purge`;
    }
  }
  throw new SmokeError(`certificate ${name}: is deleted and cannot be purged yet; run --clean later`);
}

/** Right after its last binding has moved away App Service may still count it as used. */
async function removeSiteCertificate(arm: Arm, id: string): Promise<undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await arm.ask('DELETE', id);
    if (answer.status < 300 || answer.status === 404) return undefined;
    if (attempt === TRIES || ![400, 409].includes(answer.status)) throw new SmokeError(`${id}: ${saidBy(answer)}`);
    await pause(LOOK_MILLISECONDS);
  }
}

async function restoreBinding(arm: Arm, { id, certificate, was }: ActOf<'binding'>): Promise<string | undefined> {
  const binding = await arm.get(id);
  if (binding === undefined) return 'the binding is gone; somebody else has taken it away';
  const now = textAt(binding, 'properties', 'thumbprint');
  if (now === (was.thumbprint ?? '')) return undefined;
  const ours = textAt(await arm.get(certificate), 'properties', 'thumbprint');
  if (now !== ours) return `it is bound to ${now}, which no run has made; it is left alone`;
  const properties = at(binding, 'properties') as object;
  const answer = await arm.ask('PUT', id, { properties: { ...properties, ...was } });
  if (answer.status >= 300) throw new SmokeError(`${id}: ${saidBy(answer)}`);
  return undefined;
}

/** A renewal that still runs would make again what is being removed. */
async function endRenewals(app: App, { vault, certificates }: ActOf<'renewals'>): Promise<undefined> {
  await Promise.all(certificates.map((certificate) => endRenewal(app, vault, certificate)));
  return undefined;
}

async function endRenewal(app: App, vault: string, certificate: string): Promise<void> {
  const row = await app.row(vault, certificate);
  if (textAt(row, 'state') !== 'renewing') return;
  const id = textAt(row, 'id');
  await app.cancel(id);
  for (const until = Date.now() + SETTLE_SECONDS * 1000; Date.now() < until; await pause(LOOK_MILLISECONDS)) {
    const { body, status } = await app.renewal(id);
    if (status === 404 || textAt(body, 'outcome') !== '') return;
  }
  throw new SmokeError(`renewal ${id}: has not ended; run --clean later`);
}
