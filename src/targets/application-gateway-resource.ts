import { z } from 'zod';
import type { Arm } from '../azure/arm.ts';
import { RenewalError } from '../errors.ts';
import type { ApplicationGatewayTarget } from '../plan/targets/application-gateway.ts';

const sslCertificateShape = z.looseObject({
  name: z.string(),
  properties: z.looseObject({ keyVaultSecretId: z.string().nullish() }),
});
const listenerShape = z.looseObject({
  properties: z.looseObject({ sslCertificate: z.looseObject({ id: z.string() }).nullish() }),
});

/** The parts of a Microsoft.Network/applicationGateways resource that are read here; all others are kept as they came. */
const gatewayShape = z.looseObject({
  etag: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({
    /** Of the last write: `Updating`, `Succeeded`, `Failed`. */
    provisioningState: z.string().nullish(),
    /** `Running`, `Stopped`, `Starting`, `Stopping`. */
    operationalState: z.string().nullish(),
    sslCertificates: z.array(sslCertificateShape).nullish(),
    httpListeners: z.array(listenerShape).nullish(),
    /** Those of its TLS proxy. */
    listeners: z.array(listenerShape).nullish(),
  }),
});

export type Gateway = z.infer<typeof gatewayShape>;

/** What a renewal leaves on a gateway: its id, so that a repeat is known, and a mark for each certificate that is pinned. */
export const renewalTag = 'perennial-renewal';

export function pinTag({ sslCertificate }: Pick<ApplicationGatewayTarget, 'sslCertificate'>): string {
  return `perennial-pinned-${sslCertificate}`;
}

/** `undefined` when there is none (404). */
export async function readGateway(arm: Arm, { gateway: id }: ApplicationGatewayTarget): Promise<Gateway | undefined> {
  const body = await arm.get(id);
  if (body === undefined) return undefined;
  const gateway = gatewayShape.safeParse(body);
  if (gateway.success) return gateway.data;
  const wrong = gateway.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RenewalError('arm-unreachable', `application-gateway: answer lacks ${wrong}: ${id}`);
}

export interface GatewayChange {
  /** What the certificate refers to from now on. */
  readonly secretId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Starts a write of the whole gateway, changed in nothing but one reference and our tags, and only while nobody else has
 * written it since it was read (412: `arm-conflict`). Whatever is changed, the gateway then asks its vaults.
 */
export async function writeGateway(
  arm: Arm,
  { gateway: id, sslCertificate }: ApplicationGatewayTarget,
  { gateway, secretId, tags }: GatewayChange & { readonly gateway: Gateway },
): Promise<void> {
  const { sslCertificates } = gateway.properties;
  const changed = sslCertificates?.map((one) =>
    same(one.name, sslCertificate) ? { ...one, properties: { ...one.properties, keyVaultSecretId: secretId } } : one,
  );
  const body = { ...gateway, tags, properties: { ...gateway.properties, sslCertificates: changed } };
  await arm.put(id, body, { ifMatch: gateway.etag });
}

/** The entries of that name: Azure compares names without case. */
export function certificatesNamed({ properties }: Gateway, { sslCertificate }: ApplicationGatewayTarget) {
  return (properties.sslCertificates ?? []).filter(({ name }) => same(name, sslCertificate));
}

export function isListenedWith({ properties }: Gateway, { sslCertificate }: ApplicationGatewayTarget): boolean {
  const listeners = [...(properties.httpListeners ?? []), ...(properties.listeners ?? [])];
  return listeners.some((one) => same(one.properties.sslCertificate?.id.split('/').at(-1) ?? '', sslCertificate));
}

export function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
