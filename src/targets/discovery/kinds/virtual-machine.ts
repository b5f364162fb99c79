import { z } from 'zod';
import type { Complain, Found, KindLook, Shown } from '../found.ts';
import { lastName, maybe, one, parentId, placeOf } from '../shown.ts';
import { detailOf, guestEntry, observedOf, profileSecretsOf } from './observed.ts';

const extensionShape = z.looseObject({ agent: maybe, certificates: z.unknown().optional() });
const machineShape = z.looseObject({ secrets: z.unknown().optional() });

/** The Key Vault extension on machines, and what was put on them when they were made. */
export const virtualMachine: KindLook<'extensions' | 'machines'> = {
  kind: 'virtual-machine',
  queries: {
    extensions: `resources
| where type =~ 'microsoft.compute/virtualmachines/extensions' and tostring(properties.publisher) =~ 'Microsoft.Azure.KeyVault'
| project id, location, tags, agent = tostring(properties.type), certificates = properties.settings.secretsManagementSettings.observedCertificates
| order by id asc`,
    machines: `resources
| where type =~ 'microsoft.compute/virtualmachines'
| project id, location, tags, identity, secrets = properties.osProfile.secrets
| order by id asc`,
  },
  read(rows, complain) {
    const machines = new Map(rows.machines.map((machine) => [machine.id.toLowerCase(), machine]));
    return [
      ...rows.extensions.flatMap((extension) => {
        const id = parentId(extension.id);
        return ofExtension(extension, machines.get(id.toLowerCase()) ?? { id, identities: [], row: {} }, complain);
      }),
      ...rows.machines.flatMap((machine) => ofProfile(machine, complain)),
    ];
  },
};

function ofExtension(extension: Shown, machine: Shown, complain: Complain): readonly Found[] {
  const read = one(extensionShape, extension, complain);
  return observedOf(read?.certificates, complain).map((observed) => ({
    ...{ kind: 'virtual-machine', resourceId: machine.id, reference: observed.reference, ...placeOf(machine) },
    detail: detailOf(`extension ${lastName(extension.id)}`, observed),
    entry: guestEntry({ kind: 'virtual-machine', machine: machine.id }, machine, read?.agent),
  }));
}

function ofProfile(machine: Shown, complain: Complain): readonly Found[] {
  const read = one(machineShape, machine, complain);
  return profileSecretsOf(read?.secrets, complain).map((observed) => ({
    ...{ kind: 'virtual-machine', resourceId: machine.id, reference: observed.reference, ...placeOf(machine) },
    detail: detailOf('osProfile secret', observed),
  }));
}
