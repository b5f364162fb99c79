import { type ScaleSetTarget, scaleSetKind } from '../plan/targets/scale-set.ts';
import type { Look, Probe, TargetAdapter, TargetOptions } from './port.ts';
import { probe } from './probe.ts';
import { deployInstances, lookAtInstances, rollBackInstances } from './scale-set-instances.ts';
import { deployModel, lookAtModel, rollBackModel } from './scale-set-model.ts';

export const kind = 'scale-set';

/** Everything is in the target. */
export const settings = {} as const;

/** Handshakes of one look at an endpoint behind which there are many: a balancer chooses anew for each connection. */
const MOST_HANDSHAKES = 10;

/**
 * Scale sets, uniform and flexible, whose Key Vault extension follows the vault. `deployBy: instances`: each instance is told
 * to look, reload and report as a machine is, and the target serves when every instance does. `model`: the set brings a
 * change of its model to its instances, and what the endpoint shows decides.
 */
export function create(options: TargetOptions): TargetAdapter<ScaleSetTarget> {
  return {
    kind,
    capabilities: scaleSetKind.facts,
    deploy: (target, version) => (isByModel(target) ? deployModel : deployInstances)(options, target, version),
    rollBack: async (target, lastGood) =>
      isByModel(target) ? rollBackModel() : rollBackInstances(options, target, lastGood),
    async probe(target, look) {
      if (look.purpose === 'baseline') return baseline(options, target, look);
      if (isByModel(target)) return probeModel(options, target, look);
      const all = await lookAtInstances(options, target, look);
      // The balancer's own certificate, where it has one, is not the instances' affair; what clients see is.
      return all.state === 'served' ? ((await lookAt(options, target)) ?? all) : all;
    },
  };
}

function isByModel({ deployBy }: ScaleSetTarget): boolean {
  return deployBy === 'model';
}

/** That one instance behind the endpoint has the version already, says nothing of the others: they are told all the same. */
async function baseline(options: TargetOptions, target: ScaleSetTarget, { version }: Look): Promise<Probe> {
  const at = options.clock.now().toISOString();
  const seen = await lookAt(options, target);
  if (seen === undefined) return { state: 'pending', at, reason: 'what was there comes with the reports' };
  if (seen.state !== 'served' || seen.sha256 !== version.sha256) return seen;
  return { state: 'pending', at, reason: 'one instance serves the version, and the endpoint shows no other' };
}

/** Every handshake has to show the version, as many as there are instances, up to ten. */
async function probeModel(options: TargetOptions, target: ScaleSetTarget, look: Look): Promise<Probe> {
  const model = await lookAtModel(options, target, look);
  if (model.probe !== undefined) return model.probe;
  let seen: Probe | undefined;
  for (let shake = 0; shake < Math.min(model.instances, MOST_HANDSHAKES); shake += 1) {
    seen = await lookAt(options, target);
    if (seen?.state !== 'served' || seen.sha256 !== look.version.sha256) break;
  }
  return seen ?? { state: 'unreachable', at: options.clock.now().toISOString(), reason: 'the target has no endpoint' };
}

async function lookAt(options: TargetOptions, { endpoint }: ScaleSetTarget): Promise<Probe | undefined> {
  return endpoint && probe(endpoint, options);
}
