import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import { type VirtualMachineTarget, virtualMachineKind } from '../../../src/plan/targets/virtual-machine.ts';
import type { WavePlan } from '../../../src/plan/types.ts';
import { percentWaves } from '../../../src/plan/waves.ts';
import type { Dice } from '../virtual/dice.ts';
import { DOMAIN, SUBSCRIPTION } from './names.ts';

/** A place of a simulated estate that uses a certificate. */
export type SimTarget = AppServiceTarget | VirtualMachineTarget;

/** Of machines, as ARM has it. */
export const REGION = 'westeurope';

/** The site's name, or the machine's: also the first label of the name that it serves. */
export function labelOf(target: SimTarget): string {
  return (target.kind === 'app-service' ? target.site : target.machine).split('/').at(-1) ?? '';
}

/** The name that it serves. */
export function hostNameOf(target: SimTarget): string {
  return `${labelOf(target)}.${DOMAIN}`;
}

/** Sites, machines, or both; those that share a webspace are sites. */
export function drawTargets(dice: Dice, name: string, sharesWebspace: boolean): readonly SimTarget[] {
  const count = dice.pick('targets', [0, 1, 1, 2, 3]);
  const share = dice.pick('machine share', [0, 0.5, 1]);
  return Array.from({ length: count }, (_, at) => {
    const label = `${name}-${at + 1}`;
    const isMachine = dice.chance('machine', share) && !sharesWebspace;
    const tags = dice.chance('canary', 0.4) ? { ring: 'canary' } : { ring: 'rest' };
    return isMachine ? { ...drawMachine(dice, label), tags } : { ...siteOf(name, label, sharesWebspace), tags };
  });
}

export function drawWaves(dice: Dice): readonly WavePlan[] {
  const percents = dice.pick<readonly number[]>('waves', [[100], [50, 100], [30, 60, 100]]);
  const by = dice.pick('waves by', ['percent', 'percent', 'count', 'tag'] as const);
  if (by === 'count') return [{ count: 1 }, { percent: 100 }];
  return by === 'tag' ? [{ tag: { ring: 'canary' } }, { percent: 100 }] : percentWaves(percents);
}

function siteOf(name: string, label: string, sharesWebspace: boolean): AppServiceTarget {
  const group = sharesWebspace ? `rg-${name}` : `rg-${label}`;
  const hostName = `${label}.${DOMAIN}`;
  return {
    kind: 'app-service',
    id: `app-service:${label}:${hostName}`,
    site: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Web/sites/${label}`,
    certificateResource: sharesWebspace ? name : label,
    hostName,
    endpoint: { host: hostName, port: 443, sni: hostName },
  };
}

/** Half of them are not to be reached from outside: only their report tells what they serve. */
function drawMachine(dice: Dice, label: string): VirtualMachineTarget {
  const host = `${label}.${DOMAIN}`;
  const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-${label}`;
  const use = drawUse(dice, label);
  const endpoint = { host, port: 443, sni: host };
  const listens = dice.chance('listens', 0.5) || (use.service === undefined && use.iis === undefined);
  const machine = {
    kind: 'virtual-machine' as const,
    machine: `${group}/providers/Microsoft.Compute/virtualMachines/${label}`,
    location: REGION,
    waitSeconds: 120,
    ...use,
    ...(listens && { endpoint }),
  };
  return { ...machine, id: virtualMachineKind.idOf(machine) };
}

type Use = Pick<VirtualMachineTarget, 'os' | 'path' | 'service' | 'apply' | 'iis'>;

/** What on the machine reads the certificate. */
function drawUse(dice: Dice, label: string): Use {
  const path = `/etc/ssl/perennial/${label}.pem`;
  return dice.pick<Use>('use', [
    { os: 'linux', path, service: 'nginx', apply: 'reload' },
    { os: 'linux', path, service: 'haproxy', apply: 'restart' },
    { os: 'linux', path },
    { os: 'windows', iis: { port: 443, host: `${label}.${DOMAIN}` } },
    { os: 'windows', service: 'ContosoGateway' },
  ]);
}
