import { gatewayShape } from '../network/gateway-body.ts';
import type { Gateways } from '../network/gateways.ts';
import { type GraphSource, resourceOf } from './resources.ts';

/** Application Gateways, as their API shows them. */
export function networkSource(gateways: Gateways): GraphSource {
  return () => gateways.gateways().map((gateway) => resourceOf(gatewayShape(gateway)));
}
