import { z } from 'zod';
import { keyTypes } from '../../certificate/types.ts';
import { isHostNameOrWildcard } from '../host-names.ts';
import { checked, group, hostName, RESOURCE, whole, word } from '../schema-parts.ts';
import { type CommonTarget, common, type Endpoint, isHost, type TargetKind } from './every-target.ts';

/** An App Service or Functions site, or a slot of one, that serves the certificate on one of its host names. */
export interface AppServiceTarget extends CommonTarget {
  readonly kind: 'app-service';
  /** ARM id of the site (or slot). */
  readonly site: string;
  /** Name of the Microsoft.Web/certificates resource that imports the certificate. */
  readonly certificateResource: string;
  readonly hostName: string;
  readonly endpoint: Endpoint;
}

const SITE_ID = new RegExp(`^${RESOURCE}Microsoft\\.Web/sites/[\\w-]{1,60}(?:/slots/[\\w-]{1,60})?$`, 'i');
const SITE = /\/sites\/([^/]+)(?:\/slots\/([^/]+))?$/i;

export const appService = group({
  kind: z.literal('app-service'),
  ...common,
  site: word(SITE_ID, 'the ARM id of a site or slot: /subscriptions/…/providers/Microsoft.Web/sites/…'),
  certificateResource: word(
    /^[^\s/\\?#%][^/\\?#%\p{Cc}]{0,259}$/u,
    'the name of a Microsoft.Web/certificates resource',
  ),
  hostName: checked(isHostNameOrWildcard, 'a DNS host name in ASCII, or a wildcard like *.contoso.com').toLowerCase(),
  endpoint: group({
    host: checked(isHost, 'a DNS host name or an IP address').optional(),
    port: whole(1, 65_535).default(443),
    sni: hostName.optional(),
  }).prefault({}),
});

/**
 * Changes when we force a sync, else by App Service's own within 24 hours. There is one copy per certificate resource,
 * so that a roll back needs another resource that still holds the old one, and lasts until App Service's next sync.
 */
export const appServiceKind: TargetKind<z.output<typeof appService>> = {
  facts: {
    control: 'push',
    pullWindowHours: 24,
    rollBack: 'until-next-pull',
    // An App Service Environment v3 takes them, the multi-tenant service does not.
    takes: { privateCa: 'some', keys: keyTypes, nonExportable: false },
  },
  /** `app-service:<site>:<host>`, with `<site>/<slot>` for a slot. */
  idOf({ kind, site, hostName: host }) {
    const [, name = site, slot] = SITE.exec(site) ?? [];
    return [kind, slot === undefined ? name : `${name}/${slot}`, host].join(':').toLowerCase();
  },
  idFrom: 'site and hostName',
  endpointOf({ endpoint: { host, port, sni }, hostName: name }) {
    return { host: host ?? name, port, sni: sni ?? name };
  },
  findings({ hostName: name, endpoint: { host, sni } }) {
    if (!name.startsWith('*.') || (host !== undefined && sni !== undefined)) return [];
    const problem = 'lacks host or sni, which a wildcard cannot give';
    return [{ path: ['endpoint'], at: 'value', problem, fix: 'write both host and sni' }];
  },
};
