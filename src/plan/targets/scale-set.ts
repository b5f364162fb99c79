import { z } from 'zod';
import { group, RESOURCE, word } from '../schema-parts.ts';
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
}

const SET_ID = new RegExp(`^${RESOURCE}Microsoft\\.Compute/virtualMachineScaleSets/[\\w.-]{1,64}$`, 'i');

export const scaleSet = group({
  kind: z.literal('scale-set'),
  ...common,
  scaleSet: word(SET_ID, 'the ARM id of a set: /subscriptions/…/providers/Microsoft.Compute/virtualMachineScaleSets/…'),
  location: region,
  ...guest,
  endpoint: endpoint.optional(),
});

/** What an instance can is what a machine can. A balancer shows one instance, so that each has to report. */
export const scaleSetKind: TargetKind<z.output<typeof scaleSet>> = {
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
    ...(file.os === 'windows' || file.service !== undefined
      ? []
      : [
          {
            path: ['os'],
            at: 'value' as const,
            problem: 'lacks service: an endpoint shows one instance only',
            fix: 'write service',
          },
        ]),
  ],
};
