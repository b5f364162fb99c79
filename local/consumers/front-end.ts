import type { AppService } from '../arm/app-service.ts';
import type { HostBinding, Site } from '../arm/app-service-types.ts';
import type { StandClock } from '../clock.ts';
import { LOOPBACK, listen, type Served, servedWith } from './listener.ts';

export interface FrontEndOptions {
  readonly appService: AppService;
  readonly clock: StandClock;
  readonly site: Site;
  /** 0: a free one. */
  readonly port: number;
  /** How long the front end goes on with the old certificate after App Service has the new one. */
  readonly lagSeconds: number;
  /** Fault: as long as it answers true, a change of the API's state is not taken over. */
  readonly lies: (site: Site) => boolean;
}

/** One site's TLS listener: it serves what App Service's front ends would serve. */
export interface FrontEnd {
  readonly site: string;
  readonly host: string;
  readonly port: number;
  /** Thumbprint of what is served under the name now; `undefined`: no certificate, the handshake fails. */
  served(hostName: string): string | undefined;
  close(): Promise<void>;
}

export async function startFrontEnd(options: FrontEndOptions): Promise<FrontEnd> {
  const { appService, site, clock, lagSeconds, lies } = options;
  const serving = new Map<string, Served>();
  const pending = new Map<string, () => void>();
  const take = (binding: HostBinding): void => {
    // The new context is complete before it replaces the old one, so that no handshake finds a gap.
    if (binding.bundle === undefined) serving.delete(binding.hostName);
    else serving.set(binding.hostName, servedWith(binding.bundle));
  };
  for (const binding of site.bindings.values()) take(binding);

  const unwatch = appService.watch((changed, binding) => {
    if (changed.resourceId !== site.resourceId || lies(changed)) return;
    pending.get(binding.hostName)?.();
    pending.delete(binding.hostName);
    if (lagSeconds === 0) return take(binding);
    const due = new Date(clock.now().getTime() + lagSeconds * 1000);
    pending.set(
      binding.hostName,
      clock.at(due, () => take(binding)),
    );
  });

  const listener = await listen(serving, { port: options.port, name: `site ${site.name}` });
  return {
    site: site.resourceId,
    host: LOOPBACK,
    port: listener.port,
    served: (hostName) => serving.get(hostName.toLowerCase())?.thumbprint,
    async close() {
      unwatch();
      for (const cancel of pending.values()) cancel();
      await listener.close();
    },
  };
}
