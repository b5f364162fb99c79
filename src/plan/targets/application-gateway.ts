import { z } from 'zod';
import { group, RESOURCE, word } from '../schema-parts.ts';
import {
  type CommonTarget,
  common,
  type Endpoint,
  endpoint,
  endpointFindings,
  endpointWithSni,
  type TargetKind,
} from './every-target.ts';

/** An Application Gateway v2 that serves the certificate on its listeners, by one of its `sslCertificates`. */
export interface ApplicationGatewayTarget extends CommonTarget {
  readonly kind: 'application-gateway';
  /** ARM id of the gateway. */
  readonly gateway: string;
  /** Name of the entry of `properties.sslCertificates` that refers to the vault's secret. */
  readonly sslCertificate: string;
  readonly endpoint: Endpoint;
}

const GATEWAY_ID = new RegExp(`^${RESOURCE}Microsoft\\.Network/applicationGateways/[\\w.-]{1,80}$`, 'i');

export const applicationGateway = group({
  kind: z.literal('application-gateway'),
  ...common,
  gateway: word(
    GATEWAY_ID,
    'the ARM id of a gateway: /subscriptions/…/providers/Microsoft.Network/applicationGateways/…',
  ),
  sslCertificate: word(/^[0-9A-Za-z][\w.-]{0,79}$/, "the name of one of the gateway's sslCertificates"),
  endpoint,
});

/**
 * Changes when we write the gateway, which makes it read its vaults again, else by its own look every four hours. Rolled
 * back it is pinned to the old version, and stays there until it is deployed to again.
 */
export const applicationGatewayKind: TargetKind<z.output<typeof applicationGateway>> = {
  facts: {
    control: 'push',
    pullWindowHours: 4,
    rollBack: 'yes',
    // Its TLS policies have ciphers for EC keys; that it takes P-521 is said nowhere.
    takes: {
      privateCa: 'yes',
      keys: ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384'],
      nonExportable: false,
    },
  },
  /** `application-gateway:<begin of the subscription>/<group>/<gateway>:<sslCertificate>`: names repeat elsewhere. */
  idOf({ kind, gateway, sslCertificate }) {
    const [, , subscription = '', , resourceGroup = ''] = gateway.split('/');
    const place = [subscription.slice(0, 8), resourceGroup, gateway.split('/').at(-1)].join('/');
    return [kind, place, sslCertificate].join(':').toLowerCase();
  },
  idFrom: 'gateway and sslCertificate',
  endpointOf: ({ endpoint: given }) => endpointWithSni(given),
  findings: endpointFindings,
};
