import type { z } from 'zod';
import type { Finding } from '../problem.ts';
import { union } from '../schema-parts.ts';
import { type AppServiceTarget, appService, appServiceKind } from './app-service.ts';
import { type ApplicationGatewayTarget, applicationGateway, applicationGatewayKind } from './application-gateway.ts';
import type { Endpoint, TargetFacts, TargetKind } from './every-target.ts';
import { type KubernetesTarget, kubernetes, kubernetesKind } from './kubernetes.ts';
import { type ScaleSetTarget, scaleSet, scaleSetKind } from './scale-set.ts';
import { type VirtualMachineTarget, virtualMachine, virtualMachineKind } from './virtual-machine.ts';
import { type WebhookTarget, webhookKind, webhookTarget } from './webhook.ts';

/** A place that uses a certificate: every kind, one line each, here and below. */
export type Target =
  | AppServiceTarget
  | ApplicationGatewayTarget
  | KubernetesTarget
  | ScaleSetTarget
  | VirtualMachineTarget
  | WebhookTarget;

/** One target of the estate file. */
export const target = union([appService, applicationGateway, kubernetes, scaleSet, virtualMachine, webhookTarget]);
export type TargetFile = z.output<typeof target>;

type KindName = TargetFile['kind'];

const kinds: { readonly [K in KindName]: TargetKind<Extract<TargetFile, { kind: K }>> } = {
  'app-service': appServiceKind,
  'virtual-machine': virtualMachineKind,
  'application-gateway': applicationGatewayKind,
  kubernetes: kubernetesKind,
  webhook: webhookKind,
  'scale-set': scaleSetKind,
};

/** The id of a target within the estate. */
export function targetId(file: TargetFile): string {
  return kindOf(file).idOf(file);
}

/** Of which members the id of a target is made. */
export function targetIdFrom(file: TargetFile): string {
  return kindOf(file).idFrom;
}

export function endpointOf(file: TargetFile): Endpoint | undefined {
  return kindOf(file).endpointOf(file);
}

/**
 * A target as it is written, with its id and the defaults of its kind. The schema and the type of a kind are written side
 * by side: what the one has read is the other.
 */
export function targetFrom(file: TargetFile): Target {
  const { endpoint: _written, ...rest } = file;
  const endpoint = endpointOf(file);
  return { ...rest, id: targetId(file), ...(endpoint && { endpoint }) } as Target;
}

/** What no schema can tell of a single target. */
export function targetFindings(file: TargetFile): readonly Finding[] {
  return kindOf(file).findings?.(file) ?? [];
}

/** Whether places of a kind, by its name, can be targets. */
export function isTargetKind(kind: string): kind is KindName {
  return Object.hasOwn(kinds, kind);
}

export function factsOf(kind: KindName): TargetFacts {
  return kinds[kind].facts;
}

/** Within how many hours a target takes a new version by itself; `undefined`: never. */
export function pullHours({ kind, pullWindowHours }: Pick<Target, 'kind' | 'pullWindowHours'>): number | undefined {
  return pullWindowHours ?? factsOf(kind).pullWindowHours;
}

/** TypeScript does not see that a kind's own functions are given its own targets. */
function kindOf(file: TargetFile): TargetKind<TargetFile> {
  return kinds[file.kind] as TargetKind<TargetFile>;
}
