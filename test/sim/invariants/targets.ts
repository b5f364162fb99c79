import { sentChain } from '../../../local/arm/pfx.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import type { SimCertificate } from '../world/estate.ts';
import { labelOf, type SimTarget } from '../world/places.ts';
import type { SeenRequest } from '../world/sightings.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';
import { knownOf } from './known.ts';

export const targetInvariants: readonly Invariant[] = [
  {
    id: 'I1',
    says: 'a target is bound only to a certificate that is valid now and for its name, unless somebody merged it by hand, or a partner made it so',
    watch: ({ world, check }) => ({
      binding({ name }, { hostName, bundle }) {
        if (bundle === undefined) return;
        const { leaf } = bundle;
        // A partner's version is current before anybody judges it, and App Service's sync takes it: what the app itself deploys
        // is judged by D10.
        const isPartners = world.certificate(world.certificateOfHost(hostName) ?? '')?.ca === 'partner';
        if (isPartners && !knownOf(world).accepted.has(sha256Hex(leaf.raw))) return;
        const now = world.clock.milliseconds;
        // The issuer backdates by minutes, and the app's clock may be wrong by as many.
        const isValid = Date.parse(leaf.validFrom) <= now + 1_800_000 && now <= Date.parse(leaf.validTo);
        // Somebody edits the policy and merges by hand: App Service's sync takes the newest version whatever its names are, and
        // moves the bindings to it. The app has neither made nor chosen it, and can only renew it when it is due.
        const isByHand = world.mergedByHand.has(sha256Hex(leaf.raw));
        check(
          isValid && (isByHand || leaf.checkHost(hostName) !== undefined),
          () => `${name} is bound to ${leaf.subjectAltName} until ${leaf.validTo}`,
        );
      },
    }),
  },
  {
    id: 'I1',
    says: 'what a target sends is a chain that a client believes: each certificate is followed by its issuer',
    watch: ({ world, check }) => ({
      binding({ name }, { hostName, bundle }) {
        const certificate = world.certificate(world.certificateOfHost(hostName) ?? '');
        if (bundle === undefined || certificate === undefined) return;
        const { root } = world.cloud.authorityOf(certificate);
        const sent = sentChain(bundle);
        const broken = sent.find((one, at) => !one.checkIssued(sent[at + 1] ?? root));
        check(broken === undefined, () => `${name} sends ${broken?.subject} without its issuer`);
      },
    }),
  },
  {
    id: 'I1',
    says: 'no machine is told to go back to a certificate that has expired',
    watch({ world, check }) {
      const known = knownOf(world);
      return {
        request({ method, url, requestBody, isLate }) {
          if (method !== 'PUT' || !url.pathname.includes('/runCommands/') || isLate) return;
          const told = parametersOf(requestBody);
          const leaf = known.leaves.get(told.get('PERENNIAL_WANT') ?? '');
          if (told.get('PERENNIAL_MODE') !== 'roll-back' || leaf === undefined) return;
          // The app's clock may be wrong by minutes.
          const isOver = Date.parse(leaf.validTo) < world.clock.milliseconds - 1_800_000;
          check(!isOver, () => `${url.pathname.split('/').at(-3)} is told to go back to what ended at ${leaf.validTo}`);
        },
      };
    },
  },
  {
    id: 'I16',
    says: 'a wave is deployed only after the waves before it were seen serving, but for the failures that the plan allows',
    watch({ world, check }) {
      const known = knownOf(world);
      const merged = new Map<string, string>();
      return {
        record({ renewalId, step, kind, facts }) {
          const certificate = world.certificateOfRenewal(renewalId);
          if (kind !== 'result' || certificate === undefined) return;
          if (step === 'merge') merged.set(certificate, String(facts.sha256));
          if (step === 'checkVersion') merged.set(certificate, (facts.version as { sha256: string }).sha256);
        },
        request(seen) {
          const { url } = seen;
          if (!isDeployment(world, seen)) return;
          const id = world.certificateOfTarget(url.pathname) ?? '';
          const certificate = world.certificate(id);
          const sha256 = merged.get(id);
          if (certificate === undefined || certificate.sharesWebspace || sha256 === undefined) return;
          const target = certificate.targets.find((one) => url.pathname.split('/').includes(labelOf(one)));
          if (target === undefined || deployedTo(world, target, { seen, newest: sha256 }) !== sha256) return;
          for (const wave of wavesBefore(certificate, target)) {
            const failed = wave.filter((each) => known.served.get(each.id)?.has(sha256) !== true);
            check(
              failed.length <= certificate.plan.rollout.failureBudget,
              () => `${target.id} was deployed before ${failed.map((each) => each.id).join(', ')} served`,
            );
          }
        },
      };
    },
  },
  {
    id: 'I16',
    says: 'between two waves the plan’s soak is waited for',
    watch({ world, check }) {
      const ended = new Map<string, number>();
      return {
        change(change) {
          const now = world.clock.milliseconds;
          if (change.change === 'turn' && change.status === 'Completed') {
            const wave = waveOf(change.id);
            if (wave !== undefined) ended.set(`${wave.renewalId} ${wave.number}`, now);
          }
          if (change.change !== 'create') return;
          const wave = waveOf(change.instance.id);
          const before = wave && ended.get(`${wave.renewalId} ${wave.number - 1}`);
          const certificate = world.certificate(world.certificateOfRenewal(wave?.renewalId ?? '') ?? '');
          if (before === undefined || certificate === undefined) return;
          const { soakSeconds } = certificate.plan.rollout;
          const seconds = (now - before) / 1000;
          check(seconds >= soakSeconds, () => `${change.instance.id} begins ${seconds} s after the wave before`);
        },
      };
    },
  },
  {
    id: 'I16',
    says: 'a wave over its failure budget ends in a try to roll back every target that was touched',
    watch: ({ world, check }) => ({
      change(change) {
        if (change.change !== 'turn' || change.status !== 'Completed' || !world.isRenewal(change.id)) return;
        const { targets, old, new: version, outcomeReason } = change.output as RenewalResult;
        const certificate = world.certificate(world.certificateOfRenewal(change.id) ?? '');
        // What was deployed once more has nothing to go back to, and who broke off does not know how far it came.
        if (certificate === undefined || old?.sha256 === version?.sha256 || outcomeReason === 'step-failed') return;
        const failed = wavesOf(certificate).map((wave) => {
          const ids = wave.map(({ id }) => id);
          return targets.filter(({ id, verified }) => ids.includes(id) && !verified).length;
        });
        if (failed.every((count) => count <= certificate.plan.rollout.failureBudget)) return;
        const left = targets.filter(({ touched, rolledBack }) => touched && rolledBack === undefined);
        check(left.length === 0, () => `${change.id} leaves ${left.map(({ id }) => id).join(', ')} as they are`);
      },
    }),
  },
  {
    id: 'I22',
    says: 'renewed means served: every target was really seen serving the new version',
    watch({ world, check }) {
      const known = knownOf(world);
      return {
        change(change) {
          if (change.change !== 'turn' || change.status !== 'Completed' || !world.isRenewal(change.id)) return;
          const { outcome, targets, new: version } = change.output as RenewalResult;
          if (outcome !== 'renewed') return;
          const wanted = world.certificate(world.certificateOfRenewal(change.id) ?? '')?.targets ?? [];
          check(version !== undefined, () => `${change.id} is renewed without a version`);
          for (const { id } of wanted) {
            const result = targets.find((target) => target.id === id);
            // Whoever an earlier renewal saw serving this version is left alone, and only counted.
            const isBefore = result === undefined && known.served.get(id)?.has(version?.sha256 ?? '') === true;
            check(isBefore || result?.verified === true, () => `${change.id} is renewed, ${id} is not verified`);
            const really = known.served.get(id)?.has(version?.sha256 ?? '') === true;
            check(really, () => `${change.id} is renewed, ${id} never served ${version?.sha256.slice(0, 16)}`);
          }
        },
      };
    },
  },
  {
    id: 'I22',
    says: 'what counts as verified was served: a machine’s report is believed only where its process really has read the version',
    watch({ world, check }) {
      const known = knownOf(world);
      return {
        record({ renewalId, step, kind, facts }) {
          if (step !== 'targetClosed' || kind !== 'result' || facts.verified !== true) return;
          const { id, servedSha256 } = facts as { readonly id: string; readonly servedSha256?: string };
          const really = known.served.get(id)?.has(servedSha256 ?? '') === true;
          check(really, () => `${renewalId}: ${id} is verified, and never served ${servedSha256?.slice(0, 16)}`);
        },
      };
    },
  },
];

/** A write of ARM, or to a cluster: one that comes late may be of a renewal before, and restarts pods that are new already. */
function isDeployment({ cloud }: World, { method, url, status, isLate }: SeenRequest): boolean {
  if (status >= 300) return false;
  if (method === 'PATCH') return !isLate && cloud.clusters.at(url.host) !== undefined;
  return method === 'PUT' && url.host === 'management.azure.com';
}

/** SHA-256 of what a change has deployed: what the site is bound to then, what the machine is told to take. */
function deployedTo(
  world: World,
  target: SimTarget,
  { seen: { requestBody }, newest }: { readonly seen: SeenRequest; readonly newest: string },
): string | undefined {
  if (target.kind === 'app-service') {
    const bound = world.cloud.appService.site(target.site)?.bindings.get(target.hostName)?.bundle?.leaf;
    return bound && sha256Hex(bound.raw);
  }
  // Pods that are made anew take the newest.
  if (target.kind === 'kubernetes') return newest;
  const told = parametersOf(requestBody);
  return told.get('PERENNIAL_MODE') === 'deploy' ? told.get('PERENNIAL_WANT') : undefined;
}

/** Of a run command. */
function parametersOf(requestBody: string): ReadonlyMap<string, string> {
  const { properties } = JSON.parse(requestBody) as { properties: { parameters: { name: string; value: string }[] } };
  return new Map(properties.parameters.map(({ name, value }) => [name, value]));
}

/** The waves before the one that a target is in, counted here once more. */
function wavesBefore(certificate: SimCertificate, target: SimTarget): readonly SimCertificate['targets'][] {
  const waves = wavesOf(certificate);
  return waves.slice(
    0,
    waves.findIndex((wave) => wave.some((each) => each === target)),
  );
}

function wavesOf({ targets, plan }: SimCertificate): readonly SimCertificate['targets'][] {
  const taken = new Set<SimTarget>();
  return [...plan.rollout.waves, { percent: 100 }].map((wave) => {
    const left = targets.filter((target) => !taken.has(target));
    const isChosen = (target: SimTarget, at: number): boolean => {
      if ('count' in wave) return at < wave.count;
      if ('tag' in wave) return target.tags?.ring === wave.tag.ring;
      return at + taken.size < Math.max(1, Math.ceil((targets.length * wave.percent) / 100));
    };
    const chosen = left.filter(isChosen);
    for (const target of chosen) taken.add(target);
    return chosen;
  });
}

/** Which wave a group of targets belongs to, by the id of its orchestration. */
function waveOf(instanceId: string): { readonly renewalId: string; readonly number: number } | undefined {
  const [, renewalId, number] = /^(.+)-w(\d+)-\d+$/.exec(instanceId) ?? [];
  return renewalId === undefined ? undefined : { renewalId, number: Number(number) };
}
