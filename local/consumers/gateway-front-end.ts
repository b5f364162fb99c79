import type { Gateway } from '../arm/network/gateway-types.ts';
import type { Gateways } from '../arm/network/gateways.ts';
import { LOOPBACK, listen, type Served, servedWith } from './listener.ts';

/** An Application Gateway's TLS listener: it serves, under each of its host names, what the gateway holds. */
export interface GatewayFrontEnd {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startGatewayFrontEnd({
  gateways,
  resourceId,
  port = 0,
  lies = () => false,
}: {
  readonly gateways: Gateways;
  readonly resourceId: string;
  /** 0: a free one. */
  readonly port?: number;
  /** Fault: as long as it answers true, nothing that changes is taken over. */
  readonly lies?: () => boolean;
}): Promise<GatewayFrontEnd> {
  const serving = new Map<string, Served>();
  const take = ({ held, listeners, operationalState }: Gateway): void => {
    const wanted = operationalState === 'Stopped' ? [] : [...listeners];
    for (const name of serving.keys()) if (!wanted.some(([hostName]) => hostName === name)) serving.delete(name);
    for (const [hostName, certificate] of wanted) {
      const bundle = held.get(certificate);
      if (bundle === undefined) serving.delete(hostName);
      else serving.set(hostName, servedWith(bundle));
    }
  };
  const gateway = gateways.gateway(resourceId);
  if (gateway === undefined) throw new TypeError(`there is no gateway ${resourceId}`);
  take(gateway);
  const unwatch = gateways.watch((changed) => {
    if (changed.resourceId === gateway.resourceId && !lies()) take(changed);
  });
  const listener = await listen(serving, { port, name: `gateway ${gateway.name}` });
  return {
    host: LOOPBACK,
    port: listener.port,
    async close() {
      unwatch();
      await listener.close();
    },
  };
}
