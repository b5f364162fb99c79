import type { Target } from '../plan/targets/target.ts';
import * as appService from './app-service.ts';
import * as applicationGateway from './application-gateway.ts';
import * as kubernetes from './kubernetes.ts';
import type { TargetAdapter, TargetOptions } from './port.ts';
import * as scaleSet from './scale-set.ts';
import * as virtualMachine from './virtual-machine.ts';
import * as webhook from './webhook.ts';

/** Every kind of target: one line each. */
const kinds = {
  [appService.kind]: appService,
  [virtualMachine.kind]: virtualMachine,
  [applicationGateway.kind]: applicationGateway,
  [kubernetes.kind]: kubernetes,
  [webhook.kind]: webhook,
  [scaleSet.kind]: scaleSet,
} as const satisfies Record<Target['kind'], { create(options: TargetOptions): TargetAdapter }>;

/** The adapter of a kind of target. */
export function createTarget(kind: Target['kind'], options: TargetOptions): TargetAdapter {
  return kinds[kind].create(options);
}
