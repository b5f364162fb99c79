import type { StandClock } from '../clock.ts';
import type { BindRefusal, HostBinding, Site, SiteSeed, SslState } from './app-service-types.ts';
import { type Bundle, thumbprint } from './pfx.ts';
import { parseResourceId, webspaceOf } from './resource-id.ts';

/** Something is to be served from now on under a host name; without a bundle, nothing is. */
export type BindingChange = (site: Site, binding: HostBinding) => void;

export type Bound =
  | { readonly state: 'bound'; readonly site: Site }
  | { readonly state: 'refused'; readonly reason: BindRefusal };

export interface Binding {
  readonly hostName: string;
  readonly sslState: SslState;
  readonly thumbprint: string | null;
}

/** Sites with their host-name bindings. */
export interface Sites {
  /** Puts a site in, its names not yet bound to certificates. */
  addSite(seed: SiteSeed): Site;
  site(resourceId: string): Site | undefined;
  sites(): readonly Site[];
  bind(site: Site, wanted: Binding): Bound;
  /** Calls `change` for each later change. Answers with a function that ends it. */
  watch(change: BindingChange): () => void;
}

export interface SiteBindings extends Sites {
  /** Binds without asking a rule. */
  set(site: Site, binding: HostBinding): Site;
  /** Moves each binding of the webspace that was on `from` and may serve `to`. */
  move(webspace: string, from: string, to: Bundle): void;
}

export function createSites(options: {
  readonly clock: StandClock;
  readonly isPublic: (bundle: Bundle) => boolean;
  readonly findBundle: (webspace: string, thumbprint: string) => Bundle | undefined;
}): SiteBindings {
  const { clock, isPublic, findBundle } = options;
  const byId = new Map<string, Site>();
  const watchers = new Set<BindingChange>();

  const set = (site: Site, binding: HostBinding): Site => {
    const current = byId.get(site.resourceId.toLowerCase()) ?? site;
    const bindings = new Map(current.bindings).set(binding.hostName, binding);
    const changed: Site = { ...current, bindings, modifiedAt: clock.now() };
    byId.set(site.resourceId.toLowerCase(), changed);
    for (const watcher of watchers) watcher(changed, binding);
    return changed;
  };

  /** A private CA's certificate is served in an App Service Environment only. */
  const mayServe = (site: Site, bundle: Bundle): boolean => site.hostingEnvironmentId !== null || isPublic(bundle);

  const judge = (site: Site, hostName: string, wanted: string): Bundle | BindRefusal => {
    const held = [...site.bindings.values()].find((binding) => sameText(binding.thumbprint, wanted));
    const bundle = findBundle(site.webspace, wanted) ?? held?.bundle;
    if (bundle === undefined) return 'thumbprint-unknown';
    if (bundle.leaf.checkHost(hostName) === undefined) return 'host-not-covered';
    return mayServe(site, bundle) ? bundle : 'private-ca-on-multi-tenant';
  };

  return {
    addSite(seed) {
      const site = newSite(seed, clock.now());
      byId.set(site.resourceId.toLowerCase(), site);
      return site;
    },
    site: (resourceId) => byId.get(resourceId.toLowerCase()),
    sites: () => [...byId.values()],
    bind(site, wanted) {
      const hostName = wanted.hostName.toLowerCase();
      if (wanted.sslState === 'Disabled' || wanted.thumbprint === null) {
        return { state: 'bound', site: set(site, unbound(hostName)) };
      }
      const bundle = judge(site, hostName, wanted.thumbprint);
      if (typeof bundle === 'string') return { state: 'refused', reason: bundle };
      const binding = { hostName, sslState: wanted.sslState, thumbprint: thumbprint(bundle.leaf), bundle };
      return { state: 'bound', site: set(site, binding) };
    },
    watch(change) {
      watchers.add(change);
      return () => void watchers.delete(change);
    },
    set,
    move(webspace, from, to) {
      const concerned = [...byId.values()].filter((site) => sameText(site.webspace, webspace) && mayServe(site, to));
      for (const site of concerned) {
        for (const binding of site.bindings.values()) {
          if (binding.thumbprint === from) set(site, { ...binding, thumbprint: thumbprint(to.leaf), bundle: to });
        }
      }
    },
  };
}

function newSite(seed: SiteSeed, now: Date): Site {
  const { subscription, resourceGroup, names } = parseResourceId(seed.resourceId);
  const provider = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Web`;
  const serverFarmId = seed.serverFarmId ?? `${provider}/serverfarms/plan-${seed.environment}`;
  const hostNames = seed.hostNames.map((name) => name.toLowerCase());
  return {
    resourceId: seed.resourceId,
    name: names.join('/'),
    resourceGroup,
    location: seed.location,
    serverFarmId,
    webspace: webspaceOf(parseResourceId(serverFarmId).resourceGroup, seed.location),
    hostingEnvironmentId: seed.environment === 'ase-v3' ? `${provider}/hostingEnvironments/ase-v3` : null,
    identityId: seed.identityId ?? null,
    settings: seed.settings ?? {},
    bindings: new Map(hostNames.map((hostName) => [hostName, unbound(hostName)])),
    modifiedAt: now,
  };
}

function unbound(hostName: string): HostBinding {
  return { hostName, sslState: 'Disabled', thumbprint: null, bundle: undefined };
}

export function sameText(one: string | null, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}
