import { createHash } from 'node:crypto';
import type { JournalRecord } from '../../../src/journal/port.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { SimCertificate } from '../world/estate.ts';
import type { SeenRequest } from '../world/sightings.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';
import { knownOf, type VaultMutation, vaultMutation } from './known.ts';
import { scheduledIn } from './scheduled.ts';

function stepOf(kind: VaultMutation['kind']): string {
  if (kind === 'disable') return 'disableOld';
  return kind === 'create' || kind === 'discard' || kind === 'cancel' ? 'request' : 'merge';
}

/** The steps whose intent must be on record before such a change. */
function stepsOf(
  world: World,
  seen: SeenRequest,
): { certificate: string; steps: readonly string[]; ofAny?: boolean } | undefined {
  const mutation = vaultMutation(seen);
  if (mutation !== undefined && world.certificate(mutation.certificate) !== undefined) {
    const { kind, certificate } = mutation;
    const steps = [stepOf(kind)];
    // An order is cancelled when its renewal has ended, and perhaps the next one runs.
    return { certificate, steps, ofAny: kind === 'cancel' };
  }
  if (seen.method !== 'PUT' || seen.url.host !== 'management.azure.com' || seen.status >= 300) return undefined;
  const certificate = world.certificateOfTarget(seen.url.pathname);
  return certificate === undefined ? undefined : { certificate, steps: ['deploy', 'rollBack'] };
}

/** After these a change may be one of an earlier renewal that has ended meanwhile. */
const belated: readonly FaultName[] = ['net.late', 'host.late-activity', 'host.dup-activity', 'host.terminate'];

export const journalInvariants: readonly Invariant[] = [
  {
    id: 'I11',
    says: 'a step is recorded once for each time that it was asked for, however often it runs',
    watch({ check }) {
      const asked = new Map<string, number>();
      const recorded = new Map<string, number>();
      return {
        change(change) {
          for (const { renewalId, step } of scheduledIn(change)) count(asked, `${renewalId} ${step}`);
        },
        record({ renewalId, key, step, kind }) {
          // A renewal that could not close itself is closed by whoever finds it.
          if (!(step in steps) || key === 'close:from-records') return;
          const times = asked.get(`${renewalId} ${step}`) ?? 0;
          // A result and a decision are both an end, and a step ends one way.
          const what = kind === 'intent' ? 'intent' : 'end';
          const records = count(recorded, `${renewalId} ${step} ${what}`);
          check(
            records <= times,
            () => `${records} times ${what} of ${step} in ${renewalId}, asked for ${times} times`,
          );
        },
      };
    },
  },
  {
    id: 'I11',
    says: 'every change outside has its intent on record before it, and a renewal that ended well the result of each step',
    watch({ world, check }) {
      const known = knownOf(world);
      const intents = new Map<string, Set<string>>();
      const results = new Map<string, Set<string>>();
      const isBelated = belated.some((name) => world.faults.rates.has(name));
      return {
        record({ renewalId, step, kind, facts }) {
          const map = kind === 'intent' ? intents : results;
          const names = map.get(renewalId) ?? new Set();
          map.set(renewalId, names.add(step).add(`${step} ${String(facts.target ?? '')}`));
        },
        request(seen) {
          const wanted = stepsOf(world, seen);
          if (wanted === undefined) return;
          const current = known.rows.get(wanted.certificate)?.renewalId ?? '';
          const allowed =
            isBelated || wanted.ofAny
              ? [...intents.keys()].filter((id) => world.certificateOfRenewal(id) === wanted.certificate)
              : [current];
          const isAnnounced = allowed.some((id) => wanted.steps.some((step) => intents.get(id)?.has(step)));
          check(
            isAnnounced,
            () => `${seen.method} ${seen.url.pathname} without an intent of ${wanted.steps.join(' or ')} in ${current}`,
          );
        },
        change(change) {
          if (change.change !== 'turn' || change.status !== 'Completed' || !world.isRenewal(change.id)) return;
          const result = change.output as RenewalResult;
          if (result.outcome !== 'renewed') return;
          // What serves the version already is not written to.
          const deployed = result.targets.flatMap(({ id, touched }) => (touched ? [`deploy ${id}`] : []));
          const certificate = world.certificate(world.certificateOfRenewal(change.id) ?? '');
          const steps = [...middleOf(result, certificate, intents.get(change.id)), ...deployed];
          const missing = steps.filter((step) => results.get(change.id)?.has(step) !== true);
          check(missing.length === 0, () => `${change.id} is renewed without a result of ${missing.join(', ')}`);
        },
      };
    },
  },
  {
    id: 'I12',
    says: 'the journal’s chains are linked without gaps, and no record is ever changed',
    watch({ check }) {
      const heads = new Map<string, JournalRecord>();
      return {
        record(record) {
          const last = heads.get(record.renewalId);
          heads.set(record.renewalId, record);
          const { hash, ...body } = record;
          const isNext = record.sequence === (last === undefined ? 0 : last.sequence + 1);
          const isLinked = record.previous === (last?.hash ?? '0'.repeat(64));
          check(
            isNext && isLinked && hash === hashOf(body),
            () => `record ${record.sequence} of ${record.renewalId} is not linked`,
          );
        },
      };
    },
  },
  {
    id: 'I3',
    says: 'no private key and no token is in history, rows or journal',
    watch: ({ world, check }) => ({
      async end() {
        const kept = [...world.hubStore.records, ...(await everythingStored(world))].join('\n');
        const secrets = world.ground.keys.taken.flatMap((keys) => keys.secrets);
        check(!secrets.some((secret) => kept.includes(secret)), () => 'a private key was stored');
        // A part of a token is enough: texts are cut before they are stored.
        check(!/eyJ[\w-]{20,}\.[\w-]{20,}/.test(kept), () => 'a token was stored');
      },
    }),
  },
];

/** The steps between the start of a renewal and its rollout. */
function middleOf(
  { old, new: version }: RenewalResult,
  certificate: SimCertificate | undefined,
  intents: ReadonlySet<string> | undefined,
): readonly string[] {
  if (old?.sha256 === version?.sha256) return [];
  if (certificate?.ca !== 'partner') return ['request', 'submit', 'merge'];
  // What the vault has made by itself was asked for by nobody.
  return intents?.has('request') === true ? ['request', 'checkVersion'] : ['checkVersion'];
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1;
  counts.set(key, next);
  return next;
}

async function everythingStored(world: World): Promise<readonly string[]> {
  const { estate, journal } = world.stores;
  const texts: string[] = [];
  for await (const versioned of estate.certificates()) texts.push(JSON.stringify(versioned));
  for (const id of world.renewals()) {
    texts.push(JSON.stringify(await journal.read(id)), JSON.stringify(await estate.order(id)));
  }
  return texts;
}

function hashOf(body: object): string {
  return createHash('sha256').update(canonical(body)).digest('hex');
}

/** RFC 8785, written here once more: the product's own must not vouch for itself. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((value as Record<string, unknown>)[name])}`).join(',')}}`;
}
