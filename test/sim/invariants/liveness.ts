import type { X509Certificate } from 'node:crypto';
import { isFinished } from '../../../local/host/hub/instance.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { Plan } from '../../../src/plan/types.ts';
import type { SimCertificate } from '../world/estate.ts';
import { operate } from '../world/operator.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';
import { knownOf } from './known.ts';
import { renewalPoint } from './renewal-point.ts';

export const livenessInvariants: readonly Invariant[] = [
  {
    id: 'I8',
    says: 'once faults have stopped, whatever is due is renewed and served within 48 hours',
    watch({ world, check, mode }) {
      let healedAt: number | undefined;
      return {
        healed() {
          healedAt = world.clock.milliseconds;
        },
        async end() {
          if (mode !== 'liveness' || healedAt === undefined) return;
          for (const certificate of world.certificates) {
            const problem = await lateness(world, certificate, { healedAt, graceHours: 24 });
            check(problem === undefined, () => `${certificate.vault}/${certificate.name}: ${problem}`);
          }
        },
      };
    },
  },
  {
    id: 'I17',
    says: 'every certificate is looked after: it has a row, and a row that says so has a renewal that runs',
    watch({ world, check, mode }) {
      const known = knownOf(world);
      return {
        end() {
          if (mode !== 'liveness') return;
          for (const { vault, name } of world.certificates) {
            const row = known.rows.get(`${vault}/${name}`);
            check(row !== undefined, () => `${vault}/${name} has no row`);
            if (row?.state !== 'renewing') continue;
            const instance = world.hub?.instances.get(row.renewalId ?? '');
            check(
              instance !== undefined && !isFinished(instance),
              () => `${row.renewalId} is claimed, and does not run`,
            );
          }
        },
      };
    },
  },
];

/** What was due is renewed and served, all is looked after, and nothing runs: waiting longer would show nothing new. */
export async function isWell(world: World, healedAt: number): Promise<boolean> {
  const all = [...(world.hub?.instances.all() ?? [])];
  if (world.hub === undefined || all.some((instance) => !isFinished(instance))) return false;
  const { rows } = knownOf(world);
  // A claim without an instance is still to be found by the watchdog.
  if ([...rows.values()].some(({ state }) => state === 'renewing')) return false;
  // What no sweep could look at while faults lasted, and is not due, gets its row from the next sweep, within 12 hours.
  if (world.certificates.some(({ vault, name }) => !rows.has(`${vault}/${name}`))) return false;
  for (const certificate of world.certificates) {
    if ((await lateness(world, certificate, { healedAt, graceHours: 0 })) !== undefined) return false;
  }
  return true;
}

interface Judged {
  readonly healedAt: number;
  /** A version that is younger, and that nobody was waiting for when faults stopped, may still be on its way. */
  readonly graceHours: number;
}

/** What is not as it should be, days after the last fault. */
async function lateness(world: World, certificate: SimCertificate, judged: Judged): Promise<string | undefined> {
  const { healedAt, graceHours } = judged;
  const { vault, name, plan, targets } = certificate;
  const { status, body } = await operate(world, { vault, method: 'GET', path: `/certificates/${name}/` });
  if (status !== 200) return `the vault says ${status}`;
  const leaf = knownOf(world).learn(Buffer.from(String(body.cer), 'base64'));
  const due = dueOf(leaf, plan, wishOf(world, leaf));
  if (due.getTime() <= healedAt) return `was due at ${due.toISOString()}, and was not renewed`;
  const sha256 = sha256Hex(leaf.raw);
  if (!isOurs(world, sha256)) return undefined;
  const isYoung = Date.parse(leaf.validFrom) > world.clock.milliseconds - graceHours * 3_600_000;
  if (isYoung && !wasOwed(world, certificate, healedAt)) return undefined;
  const behind = targets.filter((target) => {
    const served = world.served(target)?.[0];
    return served !== undefined && sha256Hex(served.raw) !== sha256;
  });
  return behind.length === 0
    ? undefined
    : `${behind.map(({ id }) => id).join(', ')} does not serve the current version`;
}

/**
 * One of our orders made it. A version that the vault made by itself, or somebody by hand, is served as far as App Service takes
 * it: nobody deploys what no renewal made, so that a binding that was left behind stays so.
 */
function isOurs(world: World, sha256: string): boolean {
  if (knownOf(world).accepted.has(sha256)) return true;
  const leaves = [...knownOf(world).orders.values()].map(({ accepted }) => accepted?.[0]);
  return leaves.some((leaf) => leaf !== undefined && sha256Hex(Buffer.from(leaf, 'base64')) === sha256);
}

/** The version before the current one was due already when faults stopped: 48 hours are enough for all of it. */
function wasOwed(world: World, { vault, name, plan }: SimCertificate, healedAt: number): boolean {
  const record = world.cloud
    .vault(vault)
    .snapshot()
    .find((one) => one.name === name);
  const before = knownOf(world).leaves.get(record?.versions.at(-2)?.sha256 ?? '');
  return before !== undefined && dueOf(before, plan).getTime() <= healedAt;
}

function dueOf(leaf: X509Certificate, plan: Plan, window?: number): Date {
  return new Date(renewalPoint({ notBefore: leaf.validFrom, notAfter: leaf.validTo, window }, plan.renewAt));
}

/** Since when the CA wants it replaced, if it has said so of this certificate. */
function wishOf(world: World, { raw }: X509Certificate): number | undefined {
  const issued = world.cloud.publicCa?.acme.certificates().find(({ leaf }) => raw.equals(leaf));
  return issued?.window?.start.getTime() ?? issued?.revoked?.at.getTime();
}
