import { sameId } from '../../azure/arm-id.ts';
import type { Target } from '../../plan/targets/target.ts';
import type { Found, UseKind } from './found.ts';

/** Whether a target of the same certificate is the place that was found. */
type Covers<T extends Target> = (target: T, found: Found) => boolean;

/** Kinds of which discovery can tell whether a target is still there. Of the others nothing is ever missed. */
const byKind: { readonly [K in Extract<UseKind, Target['kind']>]?: Covers<Extract<Target, { kind: K }>> } = {
  'app-service': ({ site, hostName }, { resourceId, host }) => sameId(site, resourceId) && hostName === host,
  'application-gateway': ({ gateway, sslCertificate }, { resourceId, entry }) =>
    sameId(gateway, resourceId) && sslCertificate.toLowerCase() === String(entry?.sslCertificate).toLowerCase(),
  // Which file of a machine an application reads is not Azure's to tell.
  'scale-set': ({ scaleSet }, { resourceId }) => sameId(scaleSet, resourceId),
  'virtual-machine': ({ machine }, { resourceId }) => sameId(machine, resourceId),
};

/** TypeScript does not see that a kind's own function is given its own targets. */
const table: Readonly<Partial<Record<string, Covers<never>>>> = byKind;

/** A target of a certificate covers a place that uses this certificate. */
export function covers(target: Target, found: Found): boolean {
  const test = Object.hasOwn(table, target.kind) ? table[target.kind] : undefined;
  return target.kind === found.kind && test !== undefined && test(target as never, found);
}

/** Whether a target that no place was found for is gone: discovery looks for such places one by one. */
export function isMissable({ kind }: Target): boolean {
  return Object.hasOwn(table, kind);
}
