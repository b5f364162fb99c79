import type { Arm } from '../azure/arm.ts';
import { RenewalError } from '../errors.ts';
import { type ApplicationGatewayTarget, applicationGatewayKind } from '../plan/targets/application-gateway.ts';
import {
  certificatesNamed,
  type Gateway,
  type GatewayChange,
  isListenedWith,
  pinTag,
  readGateway,
  renewalTag,
  same,
  writeGateway,
} from './application-gateway-resource.ts';
import type { Deployment, Look, Probe, RollBack, TargetAdapter, TargetOptions, VersionToServe } from './port.ts';
import { probe } from './probe.ts';
import { namingRole, refusedByArm } from './refused-by-arm.ts';

export const kind = 'application-gateway';

/** Everything is in the target. */
export const settings = {} as const;

/** As infra/roles/gateway-deployer.json calls it. */
const ROLE = 'Perennial Application Gateway deployer';
/** A write of a gateway takes minutes. */
const LOOK_AFTER_SECONDS = 60;

/** Application Gateways (v2) that refer to a vault's secret. */
export function create(options: TargetOptions): TargetAdapter<ApplicationGatewayTarget> {
  const { arm } = options;
  const look = ({ endpoint }: ApplicationGatewayTarget) => probe(endpoint, options);
  return {
    kind,
    capabilities: applicationGatewayKind.facts,
    probe: async (target, what) => explained(arm, { target, what, seen: await look(target) }),
    async deploy(target, version) {
      const answer = await namingRole(ROLE, () => refusedByArm(() => deploy({ arm, look }, target, version)));
      return answer.state === 'refused' ? { ...answer, reason: mended(answer.reason) } : answer;
    },
    rollBack: (target, lastGood) => rollBack(arm, target, lastGood),
  };
}

interface Means {
  readonly arm: Arm;
  look(target: ApplicationGatewayTarget): Promise<Probe>;
}

async function deploy(
  { arm, look }: Means,
  target: ApplicationGatewayTarget,
  version: VersionToServe,
): Promise<Deployment> {
  const gateway = await readGateway(arm, target);
  if (gateway === undefined) return { state: 'refused', reason: gone(target) };
  const reference = referenceOf(gateway, target, version);
  const problem = whyNot(gateway, target) ?? reference.problem ?? pinProblem(gateway, target, reference);
  if (problem !== undefined) return { state: 'refused', reason: problem };
  const isPinned = reference.version !== undefined;
  const isOurs = !isPinned && writesFor(gateway, version) > 0;
  if (isOurs && gateway.properties.provisioningState === 'Updating') {
    const detail = `${target.id} is being written for this renewal`;
    return { state: 'deployed', detail, lookAfterSeconds: LOOK_AFTER_SECONDS };
  }
  refuseWhileBusy(gateway, target, 'deploy');
  if (!isPinned && isServed(await look(target), version)) {
    const how = isOurs ? 'was written for this renewal' : 'has read the vault by itself';
    return { state: 'deployed', detail: `${target.id} ${how}` };
  }
  await writeGateway(arm, target, { gateway, ...unpinned(gateway, target, version) });
  const detail = `${target.id} was made to read the vault${isPinned ? ', and is pinned no longer' : ''}`;
  return { state: 'deployed', detail, lookAfterSeconds: LOOK_AFTER_SECONDS };
}

/** The pin's tag says that we have set it, for which renewal, and that the next deployment takes it away. */
async function rollBack(arm: Arm, target: ApplicationGatewayTarget, lastGood: VersionToServe): Promise<RollBack> {
  const gateway = await readGateway(arm, target);
  if (gateway === undefined) return { state: 'impossible', reason: gone(target) };
  const reference = referenceOf(gateway, target, lastGood);
  const isOurs = gateway.tags?.[pinTag(target)] !== undefined;
  const detail = `${target.id} is pinned to version ${lastGood.version} until it is deployed to again`;
  if (isOurs && reference.version === lastGood.version) return { state: 'rolled-back', detail };
  const problem = whyNot(gateway, target) ?? reference.problem ?? pinProblem(gateway, target, reference);
  if (problem !== undefined) return { state: 'impossible', reason: problem };
  refuseWhileBusy(gateway, target, 'roll back');
  const tags = { ...gateway.tags, [renewalTag]: lastGood.renewalId, [pinTag(target)]: lastGood.renewalId };
  try {
    await writeGateway(arm, target, { gateway, secretId: `${secretIdOf(lastGood)}/${lastGood.version}`, tags });
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'arm-refused') throw error;
    return { state: 'impossible', reason: mended(error.message) };
  }
  return { state: 'rolled-back', detail };
}

/** What a handshake cannot show: that the gateway is still at it, or has given up. Asked only when the handshake is not it. */
async function explained(
  arm: Arm,
  { target, what, seen }: { readonly target: ApplicationGatewayTarget; readonly what: Look; readonly seen: Probe },
): Promise<Probe> {
  if (what.purpose === 'baseline' || isServed(seen, what.version)) return seen;
  const gateway = await readGateway(arm, target);
  const failed = (reason: string): Probe => ({ state: 'failed', at: seen.at, reason });
  if (gateway === undefined) return failed(gone(target));
  if (isStopped(gateway)) return failed(stopped(target));
  switch (gateway.properties.provisioningState) {
    case 'Updating':
      return { state: 'pending', at: seen.at, reason: 'the gateway is still being updated' };
    case 'Failed':
      return failed(`the last write of the gateway failed, and its activity log says why: ${target.gateway}`);
    default:
      return seen;
  }
}

function isServed(seen: Probe, { sha256 }: VersionToServe): boolean {
  return seen.state === 'served' && seen.sha256 === sha256;
}

interface Reference {
  readonly problem?: string;
  /** That it is pinned to. */
  readonly version?: string | undefined;
}

/** What the certificate refers to; the version is absent where the gateway takes the newest one. */
function referenceOf(gateway: Gateway, target: ApplicationGatewayTarget, wanted: VersionToServe): Reference {
  const { sslCertificate: name } = target;
  const [certificate, another] = certificatesNamed(gateway, target);
  if (certificate === undefined) return { problem: `the gateway has no SSL certificate ${name}` };
  if (another !== undefined) return { problem: `the gateway has several SSL certificates ${name}` };
  const { keyVaultSecretId: id } = certificate.properties;
  if (!id) return { problem: `${name} was uploaded, it does not refer to a vault` };
  const [, host, secret, version] = /^https:\/\/([^/]+)\/secrets\/([^/]+)\/?([^/]*)$/i.exec(id) ?? [];
  const isOurs = same(`${host}`, new URL(wanted.vault).host) && same(`${secret}`, wanted.name);
  if (!isOurs) return { problem: `${name} refers to ${shown(id)}` };
  return { version: version === '' ? undefined : version };
}

function whyNot(gateway: Gateway, target: ApplicationGatewayTarget): string | undefined {
  if (isStopped(gateway)) return stopped(target);
  const [certificate] = certificatesNamed(gateway, target);
  if (certificate === undefined || isListenedWith(gateway, target)) return undefined;
  return `no listener of the gateway uses the SSL certificate ${target.sslCertificate}`;
}

/** Somebody else's pin is a decision of theirs. */
function pinProblem(gateway: Gateway, target: ApplicationGatewayTarget, { version }: Reference): string | undefined {
  if (version === undefined || gateway.tags?.[pinTag(target)] !== undefined) return undefined;
  const fix = 'take the version off its keyVaultSecretId';
  return `${target.sslCertificate} is pinned to version ${shown(version)} by somebody else: ${fix}`;
}

function unpinned(gateway: Gateway, target: ApplicationGatewayTarget, version: VersionToServe): GatewayChange {
  const { [pinTag(target)]: _pin, ...tags } = gateway.tags ?? {};
  const count = writesFor(gateway, version) + 1;
  const mark = count === 1 ? version.renewalId : `${version.renewalId}/${count}`;
  return { secretId: secretIdOf(version), tags: { ...tags, [renewalTag]: mark } };
}

/**
 * How often the gateway was written for this renewal. A write that came to nothing is repeated, with another mark: one
 * that changes nothing may be taken for done.
 */
function writesFor({ tags }: Gateway, { renewalId }: VersionToServe): number {
  const [id, count = '1'] = (tags?.[renewalTag] ?? '').split('/');
  return id === renewalId ? Number.parseInt(count, 10) || 1 : 0;
}

function secretIdOf({ vault, name }: VersionToServe): string {
  return `${new URL(vault).origin}/secrets/${name}`;
}

/** Azure cancels a write when another one comes: neither ours nor somebody else's shall end so. */
function refuseWhileBusy({ properties }: Gateway, { id }: ApplicationGatewayTarget, action: string): void {
  if (properties.provisioningState !== 'Updating') return;
  const message = `application-gateway: ${action}: another write of the gateway goes on, try again: target=${id}`;
  throw new RenewalError('arm-throttled', message, { retryAfterSeconds: LOOK_AFTER_SECONDS });
}

function isStopped({ properties }: Gateway): boolean {
  return /^stop/i.test(properties.operationalState ?? '');
}

function stopped({ sslCertificate }: ApplicationGatewayTarget): string {
  return `the gateway is stopped, and serves ${sslCertificate} to nobody: start it`;
}

function gone({ gateway }: ApplicationGatewayTarget): string {
  return `there is no gateway ${gateway}`;
}

/** Text of a resource that other people write. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

const access = 'give its user-assigned identity the role Key Vault Secrets User there, and let it through the firewall';

/** Azure's words for what the gateway could not do in the vault, each with what mends it. */
const mendings: readonly (readonly [RegExp, string])[] = [
  [/UserAssignedManagedIdentityNotFound/i, "the gateway's identity is gone: make it anew under the same name"],
  [/SecretDisabled/i, 'the secret is disabled: enable the version'],
  [/SecretDeletedFromKeyVault|KeyVaultSoftDeleted/i, 'the secret or its vault is deleted: recover it'],
  [/KeyVaultSecret|GetPermissionOnKeyVault|RestrictedAccess/i, `the gateway may not read the vault: ${access}`],
];

function mended(reason: string): string {
  const mending = mendings.find(([words]) => words.test(reason))?.[1];
  return mending === undefined ? reason : `${mending} (${reason})`;
}
