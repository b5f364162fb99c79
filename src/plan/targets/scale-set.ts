import { z } from 'zod';
import type { Finding } from '../problem.ts';
import { choice, group, RESOURCE, word } from '../schema-parts.ts';
import {
  type CommonTarget,
  common,
  endpoint,
  endpointFindings,
  endpointWithSni,
  type TargetKind,
} from './every-target.ts';
import { type Guest, guest, guestFindings, placeOf } from './guest.ts';
import { region, virtualMachineKind } from './virtual-machine.ts';

/** A scale set, every instance of which takes the certificate from its vault by the Key Vault extension. */
export interface ScaleSetTarget extends CommonTarget, Guest {
  readonly kind: 'scale-set';
  /** ARM id of the set. */
  readonly scaleSet: string;
  /** Its region, as ARM has it. */
  readonly location: string;
  /** Absent: `instances`. `model`: by a change of the set's model and its upgrade policy, without a command on any instance. */
  readonly deployBy?: 'instances' | 'model' | undefined;
}

const SET_ID = new RegExp(`^${RESOURCE}Microsoft\\.Compute/virtualMachineScaleSets/[\\w.-]{1,64}$`, 'i');

export const scaleSet = group({
  kind: z.literal('scale-set'),
  ...common,
  scaleSet: word(SET_ID, 'the ARM id of a set: /subscriptions/…/providers/Microsoft.Compute/virtualMachineScaleSets/…'),
  location: region,
  deployBy: choice(['instances', 'model']).optional(),
  ...guest,
  endpoint: endpoint.optional(),
});

type ScaleSetFile = z.output<typeof scaleSet>;

/** What an instance can is what a machine can. A balancer shows one instance, so that each has to report. */
export const scaleSetKind: TargetKind<ScaleSetFile> = {
  facts: virtualMachineKind.facts,
  /** `scale-set:<first of the subscription>/<group>/<set>:<file, binding or service>`. */
  idOf(file) {
    const [, , subscription = '', , resourceGroup = '', , , , name = ''] = file.scaleSet.split('/');
    return [file.kind, `${subscription.slice(0, 8)}/${resourceGroup}/${name}`, placeOf(file)].join(':').toLowerCase();
  },
  idFrom: 'scaleSet and path, iis or service',
  endpointOf: ({ endpoint: given }) => endpointWithSni(given),
  findings: (file) => [
    ...guestFindings(file),
    ...endpointFindings(file),
    ...(file.deployBy === 'model' ? modelFindings(file) : instanceFindings(file)),
  ],
};

function instanceFindings({ os, service }: ScaleSetFile): readonly Finding[] {
  if (os === 'windows' || service !== undefined) return [];
  const problem = 'lacks service: an endpoint shows one instance only';
  return [{ path: ['os'], at: 'value', problem, fix: 'write service' }];
}

/** Nothing is run on the instances: nothing reloads a service, and nothing reports. */
function modelFindings({ os, service, apply, endpoint: given }: ScaleSetFile): readonly Finding[] {
  const reloading = [
    ...(os === 'linux' && service !== undefined ? ['service'] : []),
    ...(apply === undefined ? [] : ['apply']),
  ];
  return [
    ...(given === undefined
      ? [
          {
            path: ['deployBy'],
            at: 'value' as const,
            problem: 'lacks endpoint: instances report nothing then',
            fix: 'write endpoint',
          },
        ]
      : []),
    ...reloading.map((key): Finding => {
      const problem = 'does not go with deployBy: model, which runs nothing on the instances';
      return { path: [key], at: 'key', problem, fix: 'remove it, or deploy by instances' };
    }),
  ];
}
