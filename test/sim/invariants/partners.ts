import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import type { SimCertificate } from '../world/estate.ts';
import { operate } from '../world/operator.ts';
import type { Invariant, Watched } from './invariant.ts';
import { type Known, knownOf } from './known.ts';
import { problemOf } from './vault.ts';

/** A bad version that is younger may still be on its way to whoever judges it. */
const GRACE_MILLISECONDS = 24 * 3_600_000;

/** The finished version of a partner inside the vault is current before anybody can say no: what is left is not to deploy it. */
export const partnerInvariants: readonly Invariant[] = [
  {
    id: 'D10',
    says: 'a partner’s finished version is deployed only when it was judged, and passes for what may be merged (design 2)',
    watch(watched) {
      const { world, check } = watched;
      const known = knownOf(world);
      return {
        record({ renewalId, step, kind, facts }) {
          const id = world.certificateOfRenewal(renewalId) ?? '';
          const certificate = world.certificate(id);
          if (certificate?.ca !== 'partner') return;
          if (step === 'checkVersion' && kind === 'result') {
            const { sha256 } = facts.version as { readonly sha256: string };
            const problem = versionProblem(sha256, certificate, { watched, known });
            check(problem === undefined, () => `${id}: ${problem}`);
          }
          if (step === 'deploy' && kind === 'intent') {
            const isJudged = known.accepted.has(String(facts.certificate));
            check(isJudged, () => `${renewalId} deploys ${String(facts.certificate)}, which nobody has judged`);
          }
        },
        change(change) {
          if (change.change !== 'turn' || change.status !== 'Completed' || !world.isRenewal(change.id)) return;
          if (world.certificate(world.certificateOfRenewal(change.id) ?? '')?.ca !== 'partner') return;
          const { outcome, new: version, targets } = change.output as RenewalResult;
          if (outcome !== 'needs-person' || version !== undefined) return;
          check(
            targets.every(({ touched }) => !touched),
            () => `${change.id} needs a person, and has touched targets`,
          );
        },
      };
    },
  },
  {
    id: 'D10',
    says: 'an unacceptable version that a partner has made current is told to a person, or is about to be judged again (design 2)',
    watch(watched) {
      const { world, check, mode } = watched;
      const known = knownOf(world);
      const told: string[] = [];
      return {
        change(change) {
          if (change.change !== 'turn' || change.status !== 'Completed' || !world.isRenewal(change.id)) return;
          const { outcome, detail = '' } = change.output as RenewalResult;
          if (outcome === 'needs-person') told.push(detail);
        },
        async end() {
          if (mode !== 'liveness') return;
          for (const certificate of world.certificates.filter(({ ca }) => ca === 'partner')) {
            const { vault, name } = certificate;
            const { body } = await operate(world, { vault, method: 'GET', path: `/certificates/${name}/` });
            const leaf = known.learn(Buffer.from(String(body.cer), 'base64'));
            const { created = 0 } = body.attributes as { readonly created?: number };
            const isYoung = created * 1000 > world.clock.milliseconds - GRACE_MILLISECONDS;
            const problem = versionProblem(sha256Hex(leaf.raw), certificate, { watched, known });
            if (problem === undefined || isYoung) continue;
            const version = String(body.id).split('/').at(-1) ?? 'none';
            const { lastOutcome, nextAttemptAt } = known.rows.get(`${vault}/${name}`) ?? {};
            const isTold = nextAttemptAt !== undefined || told.some((detail) => detail.includes(version));
            check(isTold, () => `${vault}/${name}: ${problem}, and nobody was told: ${lastOutcome}`);
          }
        },
      };
    },
  },
];

/** Held against the version of the beginning: those that came in between may be as bad. */
function versionProblem(
  sha256: string,
  certificate: SimCertificate,
  { watched, known }: { readonly watched: Watched; readonly known: Known },
): string | undefined {
  const id = `${certificate.vault}/${certificate.name}`;
  const leaf = known.leaves.get(sha256);
  const [first] = watched.world.cloud.seeded.get(id) ?? [];
  if (leaf === undefined || first === undefined) return `nobody has seen ${sha256}`;
  return problemOf({ leaf, before: known.learn(first), certificate, id }, watched);
}
