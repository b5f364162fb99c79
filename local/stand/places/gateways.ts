import { networkSource } from '../../arm/graph/network.ts';
import { gatewayRoutes } from '../../arm/network/gateway-routes.ts';
import { createGateways, type Gateways } from '../../arm/network/gateways.ts';
import { startGatewayFrontEnd } from '../../consumers/gateway-front-end.ts';
import { letRead } from '../secret-reader.ts';
import { endpointOf, LOCATION, type OpenedPlaces, type PlaceGround, secretOf, type WantedPlace } from './place.ts';

/** Azure takes minutes. Nobody shall sit through them, and half a minute is long enough to be seen. */
const WRITE_SECONDS = 30;

export interface OpenedGateways extends OpenedPlaces {
  readonly gateways: Gateways;
}

/** An Application Gateway for each certificate, which it reads with an identity of its own. */
export async function openGateways(ground: PlaceGround, wanted: readonly WantedPlace[]): Promise<OpenedGateways> {
  const { cloud, clock, operations } = ground;
  const read = letRead(cloud, cloud.principals.gateways, wanted);
  const gateways = createGateways({
    ...{ clock, operations, writeSeconds: WRITE_SECONDS },
    readSecret: (_identity, secret) => read(secret),
  });
  cloud.onStop(() => gateways.stop());
  const places = [];
  for (const { seeded, kind, hostName, port: free } of wanted) {
    const resourceId = `${cloud.group}/providers/Microsoft.Network/applicationGateways/agw-${seeded.name}`;
    const network = `${cloud.group}/providers/Microsoft.Network`;
    await gateways.add({
      ...{ resourceId, location: LOCATION },
      identityId: `${cloud.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agw-${seeded.name}`,
      subnetId: `${network}/virtualNetworks/front/subnets/agw-${seeded.name}`,
      publicAddressId: `${network}/publicIPAddresses/agw-${seeded.name}`,
      sslCertificates: [{ name: seeded.name, keyVaultSecretId: secretOf(ground, seeded) }],
      listeners: { [hostName]: seeded.name },
    });
    const frontEnd = await startGatewayFrontEnd({ gateways, resourceId, port: free });
    cloud.onStop(() => frontEnd.close());
    const { port } = frontEnd;
    const endpoint = endpointOf({ hostName, port });
    const target = { kind, gateway: resourceId, sslCertificate: seeded.name, endpoint };
    places.push({ seeded, kind, resourceId, hostName, port, target });
  }
  return { gateways, places, routes: gatewayRoutes(gateways), sources: [networkSource(gateways)] };
}
