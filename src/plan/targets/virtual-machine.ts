import { z } from 'zod';
import { keyTypes } from '../../certificate/types.ts';
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

/** A virtual machine that takes the certificate from its vault by the Key Vault extension. */
export interface VirtualMachineTarget extends CommonTarget, Guest {
  readonly kind: 'virtual-machine';
  /** ARM id of the machine. */
  readonly machine: string;
  /** Its region, as ARM has it: a command is written there, and nothing is read before it is. */
  readonly location: string;
}

const MACHINE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Compute/virtualMachines/[\\w.-]{1,64}$`, 'i');

export const region = word(/^[a-z0-9]{2,40}$/, 'a region as ARM names it, such as westeurope');

export const virtualMachine = group({
  kind: z.literal('virtual-machine'),
  ...common,
  machine: word(MACHINE_ID, 'the ARM id of a machine: /subscriptions/…/providers/Microsoft.Compute/virtualMachines/…'),
  location: region,
  ...guest,
  endpoint: endpoint.optional(),
});

/**
 * The extension takes a new version within its polling interval, an hour most often, but reloads nothing: our script makes
 * it look at once, and reloads. On Linux it keeps the files of earlier versions, on Windows the two newest certificates,
 * so that a roll back lasts until its next change.
 */
export const virtualMachineKind: TargetKind<z.output<typeof virtualMachine>> = {
  facts: {
    control: 'push',
    pullWindowHours: 1,
    rollBack: 'until-next-pull',
    takes: { privateCa: 'yes', keys: keyTypes, nonExportable: false },
  },
  /** `virtual-machine:<first of the subscription>/<group>/<machine>:<file, binding or service>`. */
  idOf(file) {
    const [, , subscription = '', , resourceGroup = '', , , , machine = ''] = file.machine.split('/');
    const name = `${subscription.slice(0, 8)}/${resourceGroup}/${machine}`;
    return [file.kind, name, placeOf(file)].join(':').toLowerCase();
  },
  idFrom: 'machine and path, iis or service',
  endpointOf: ({ endpoint: given }) => endpointWithSni(given),
  findings: (file) => [...guestFindings(file), ...endpointFindings(file)],
};
