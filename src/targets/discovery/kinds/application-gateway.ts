import { z } from 'zod';
import { pemToDer } from '../../../certificate/pem.ts';
import { readCertificate } from '../../../certificate/read.ts';
import type { Complain, Found, KindLook, Reference, Shown } from '../found.ts';
import { each, maybe, names, one, placeOf } from '../shown.ts';

const gatewayShape = z.looseObject({ certificates: z.unknown().optional(), listeners: z.unknown().optional() });
const certificateShape = z.looseObject({
  id: maybe,
  name: z.string().min(1).max(260),
  properties: z.looseObject({
    keyVaultSecretId: maybe,
    /** base64 of PKCS#7 (or of a certificate); of a real chain some ten kilobytes. */
    publicCertData: z.string().max(200_000).nullish(),
  }),
});
const listenerShape = z.looseObject({
  properties: z.looseObject({
    hostName: maybe,
    hostNames: names,
    sslCertificate: z.looseObject({ id: z.string().max(2000) }).nullish(),
  }),
});

type Listener = z.output<typeof listenerShape>;

/** Listeners serve the gateway's certificates, each of which refers to a secret of a vault or was uploaded. */
export const applicationGateway: KindLook<'gateways'> = {
  kind: 'application-gateway',
  queries: {
    gateways: `resources
| where type =~ 'microsoft.network/applicationgateways'
| project id, location, tags, identity, certificates = properties.sslCertificates, listeners = properties.httpListeners
| order by id asc`,
  },
  read: (rows, complain) => rows.gateways.flatMap((gateway) => usesOf(gateway, complain)),
};

function usesOf(gateway: Shown, complain: Complain): readonly Found[] {
  const read = one(gatewayShape, gateway, complain);
  const listeners = each(listenerShape, read?.listeners, complain);
  return each(certificateShape, read?.certificates, complain).flatMap(({ name, properties }) => {
    const reference = referenceOf(properties, complain);
    if (reference === undefined) return [];
    const hosts = listeners.filter((listener) => serves(listener, gateway, name)).flatMap(hostsOf);
    const use = { kind: 'application-gateway', resourceId: gateway.id, reference, ...placeOf(gateway) } as const;
    const detail = `ssl certificate ${name}`;
    const entry = entryOf(gateway, name, hosts);
    if (hosts.length === 0) return [{ ...use, detail: `${detail}, of no listener`, entry }];
    return hosts.map((host) => ({ ...use, detail, entry, ...(host !== '' && { host }) }));
  });
}

/** It is one target, however many listeners serve it: probed is the first name that is no wildcard. */
function entryOf({ id, tags }: Shown, sslCertificate: string, hosts: readonly string[]) {
  const host = hosts.find((name) => name !== '' && !name.startsWith('*'));
  return {
    ...{ kind: 'application-gateway', gateway: id, sslCertificate },
    ...(host !== undefined && { endpoint: { host } }),
    ...(tags !== undefined && { tags }),
  };
}

function referenceOf(
  { keyVaultSecretId, publicCertData }: z.output<typeof certificateShape>['properties'],
  complain: Complain,
): Reference | undefined {
  if (keyVaultSecretId !== undefined) return { by: 'secret-url', url: keyVaultSecretId };
  if (publicCertData === undefined || publicCertData === null || publicCertData === '') return undefined;
  try {
    const read = pemToDer(Buffer.from(publicCertData, 'base64')).map(readCertificate);
    // PKCS#7 is a set: the leaf is where it is.
    const leaf = read.find(({ isCa }) => !isCa) ?? read[0];
    return leaf && { by: 'upload', thumbprint: leaf.sha1.toUpperCase(), names: leaf.names.dns };
  } catch (error) {
    complain(`an uploaded certificate cannot be read: ${error instanceof Error ? error.name : 'unknown'}`);
    return undefined;
  }
}

function serves({ properties }: Listener, { id }: Shown, name: string): boolean {
  return properties.sslCertificate?.id.toLowerCase() === `${id}/sslCertificates/${name}`.toLowerCase();
}

/** A basic listener serves any name: it is a use all the same. */
function hostsOf({ properties: { hostName, hostNames } }: Listener): readonly string[] {
  const all = [...(hostName === undefined ? [] : [hostName.toLowerCase()]), ...hostNames];
  return all.length === 0 ? [''] : [...new Set(all)];
}
