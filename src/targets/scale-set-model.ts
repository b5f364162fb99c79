import { z } from 'zod';
import type { Arm } from '../azure/arm.ts';
import { RenewalError } from '../errors.ts';
import type { ScaleSetTarget } from '../plan/targets/scale-set.ts';
import type { Deployment, Look, Probe, RollBack, TargetOptions, VersionToServe } from './port.ts';
import { namingRole, refusedByArm } from './refused-by-arm.ts';
import { modelExtensionOf } from './scale-set-extension.ts';
import {
  few,
  gone,
  isFlexible,
  type Member,
  membersOf,
  readSet,
  roleFor,
  type ScaleSetResource,
  type SetExtension,
} from './scale-set-resource.ts';

/** A write of a model is over in seconds, an upgrade of instances in minutes. */
const WRITTEN_SECONDS = 10;
const LOOK_AFTER_SECONDS = 60;

interface Found {
  readonly set: ScaleSetResource;
  readonly extension: SetExtension;
  readonly members: readonly Member[];
}

/**
 * Deploys by the set's model: a new `forceUpdateTag` of its Key Vault extension, which the set brings to its instances as
 * its upgrade policy says. The tag is the renewal's id, so that a repeat knows its own upgrade. It throws `arm-throttled`
 * while anything else goes on with the set: a write now would preempt it.
 */
export async function deployModel(
  options: TargetOptions,
  target: ScaleSetTarget,
  version: VersionToServe,
): Promise<Deployment> {
  return refusedByArm(async () => {
    const found = await find(options.arm, target, version);
    if ('problem' in found) return { state: 'refused', reason: found.problem };
    const isOurs = tagIsOf(found, version);
    const behind = found.members.filter(({ hasLatestModel }) => !hasLatestModel);
    if (isOurs && behind.length === 0) return { state: 'deployed', detail: 'every instance has the model' };
    const isManual = modeOf(found.set) === 'manual';
    if (isOurs && isBusy(found.set) && !isManual) return upgrading(target);
    await refuseWhileBusy(options.arm, target, found.set);
    if (isOurs && isManual) return upgradeByHand(options.arm, target, behind);
    if (!isOurs && behind.length > 0) return { state: 'refused', reason: behindProblem(behind) };
    return writeTag(options.arm, target, { found, version });
  });
}

/** The extension takes the newest version that is enabled: there is none that it could be told to go back to. */
export function rollBackModel(): RollBack {
  const reason = 'the extension of the model takes the newest version: disable that, or put the earlier one in again';
  return { state: 'impossible', reason };
}

/** How far the upgrade is; `undefined`: every instance has the model, and only what they serve can tell more. */
export async function lookAtModel(
  { arm, clock }: TargetOptions,
  target: ScaleSetTarget,
  { version }: Look,
): Promise<{ readonly probe?: Probe; readonly instances: number }> {
  const at = clock.now().toISOString();
  const found = await find(arm, target, version);
  if ('problem' in found) return { probe: { state: 'failed', at, reason: found.problem }, instances: 0 };
  const { set, members } = found;
  const behind = members.filter(({ hasLatestModel }) => !hasLatestModel);
  const pending = (): Probe => {
    const words = `${members.length - behind.length} of ${members.length} instances have the model`;
    return { state: 'pending', at, reason: words };
  };
  const instances = members.length;
  if (behind.length === 0) return { instances };
  if (isBusy(set)) return { probe: pending(), instances };
  const problem = modeOf(set) === 'rolling' ? await endOfRollingUpgrade(arm, target) : undefined;
  const failed = behind.filter(({ hasFailed }) => hasFailed).map(({ instanceId }) => `instance ${instanceId}`);
  const reason = problem ?? (failed.length > 0 ? `the upgrade failed: ${few(failed)}` : undefined);
  return { probe: reason === undefined ? pending() : { state: 'failed', at, reason }, instances };
}

async function find(
  arm: Arm,
  target: ScaleSetTarget,
  version: VersionToServe,
): Promise<Found | { readonly problem: string }> {
  const set = await readSet(arm, target);
  if (set === undefined) return { problem: gone(target) };
  if (isFlexible(set)) return { problem: 'a flexible set is not deployed to by its model: take deployBy away' };
  const model = modelExtensionOf(set, version);
  if ('problem' in model) return model;
  const listed = await membersOf(arm, target, set);
  return 'problem' in listed ? listed : { set, extension: model.extension, members: listed.members };
}

/** `{renewal id}`, and `{renewal id}+{n}` where an upgrade before ended without all instances. */
function tagIsOf({ extension }: Found, { renewalId }: VersionToServe): boolean {
  return extension.properties.forceUpdateTag?.replace(/\+\d+$/, '') === renewalId;
}

function nextTag({ properties: { forceUpdateTag } }: SetExtension, { renewalId }: VersionToServe): string {
  if (forceUpdateTag?.replace(/\+\d+$/, '') !== renewalId) return renewalId;
  return `${renewalId}+${Number(/\+(\d+)$/.exec(forceUpdateTag)?.[1] ?? 0) + 1}`;
}

function modeOf({ properties }: ScaleSetResource): string | undefined {
  return properties.upgradePolicy?.mode?.toLowerCase();
}

function isBusy({ properties }: ScaleSetResource): boolean {
  return properties.provisioningState === 'Updating';
}

/** An upgrade brings everything that an instance lacks: a new image too, which somebody holds back perhaps. */
function behindProblem(behind: readonly Member[]): string {
  const names = few(behind.map(({ instanceId }) => `instance ${instanceId}`));
  return `instances lack an earlier change of the model, which an upgrade would bring along: upgrade them first: ${names}`;
}

async function refuseWhileBusy(arm: Arm, target: ScaleSetTarget, set: ScaleSetResource): Promise<void> {
  const isRolling =
    isBusy(set) || (modeOf(set) === 'rolling' && (await rollingUpgrade(arm, target))?.code === 'RollingForward');
  if (!isRolling) return;
  const seconds = modeOf(set) === 'manual' ? WRITTEN_SECONDS : LOOK_AFTER_SECONDS;
  throw busy(target, 'another change of the set goes on', seconds);
}

function busy({ id }: ScaleSetTarget, what: string, retryAfterSeconds: number): RenewalError {
  return new RenewalError('arm-throttled', `scale-set: deploy: ${what}, try again: target=${id}`, {
    retryAfterSeconds,
  });
}

async function writeTag(
  arm: Arm,
  target: ScaleSetTarget,
  { found: { set, extension }, version }: { readonly found: Found; readonly version: VersionToServe },
): Promise<Deployment> {
  const id = `${target.scaleSet}/extensions/${extension.name}`;
  const properties = { forceUpdateTag: nextTag(extension, version) };
  await namingRole(roleFor(target), () => arm.patch(id, { properties }));
  if (modeOf(set) !== 'manual') return upgrading(target);
  throw busy(target, 'the model is being written, its instances come next', WRITTEN_SECONDS);
}

/** Where the policy leaves it to whoever changes the model. All in one call: a second one beside it would be a conflict. */
async function upgradeByHand(arm: Arm, target: ScaleSetTarget, members: readonly Member[]): Promise<Deployment> {
  const instanceIds = members.map(({ instanceId }) => instanceId);
  const id = `${target.scaleSet}/manualupgrade`;
  await namingRole(roleFor(target), () => arm.post(id, { instanceIds }));
  return upgrading(target);
}

function upgrading({ scaleSet }: ScaleSetTarget): Deployment {
  const detail = `the instances of ${scaleSet} take the model over by its upgrade policy`;
  return { state: 'deployed', detail, lookAfterSeconds: LOOK_AFTER_SECONDS };
}

const count = z.number().nullish();
const upgradeShape = z.looseObject({
  properties: z.looseObject({
    runningStatus: z.looseObject({ code: z.string().nullish() }).nullish(),
    progress: z
      .looseObject({ successfulInstanceCount: count, failedInstanceCount: count, pendingInstanceCount: count })
      .nullish(),
    error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  }),
});

/** The newest one of the set, whoever began it. */
async function rollingUpgrade(arm: Arm, target: ScaleSetTarget) {
  const id = `${target.scaleSet}/rollingUpgrades/latest`;
  const found = await namingRole(roleFor(target), () => arm.get(id));
  if (found === undefined) return undefined;
  const read = upgradeShape.safeParse(found).data?.properties;
  if (read === undefined) throw new RenewalError('arm-unreachable', `scale-set: the answer cannot be read: ${id}`);
  return { ...read, code: read.runningStatus?.code ?? undefined };
}

/** Why it ended, where instances were left without the model. */
async function endOfRollingUpgrade(arm: Arm, target: ScaleSetTarget): Promise<string | undefined> {
  const upgrade = await rollingUpgrade(arm, target);
  if (upgrade?.code !== 'Faulted' && upgrade?.code !== 'Cancelled') return undefined;
  const {
    successfulInstanceCount: done,
    failedInstanceCount: failed,
    pendingInstanceCount: left,
  } = upgrade.progress ?? {};
  const counts = `${done ?? 0} instances done, ${failed ?? 0} failed, ${left ?? 0} left`;
  const said = [upgrade.error?.code, upgrade.error?.message].filter(Boolean).join(': ').replace(/\s+/g, ' ');
  return `the rolling upgrade is ${upgrade.code}: ${counts}${said === '' ? '' : `: ${said.slice(0, 300)}`}`;
}
