import type { Target } from './types.ts';

const SITE = /\/sites\/([^/]+)(?:\/slots\/([^/]+))?$/i;

/** What is known of a target before it has its id. */
export type UnnamedTarget = Pick<Target, 'kind' | 'site' | 'hostName'>;

/** The id of a target within the estate: `app-service:<site>:<host>`, with `<site>/<slot>` for a slot. Lower case. */
export function targetId({ kind, site, hostName }: UnnamedTarget): string {
  const [, name = site, slot] = SITE.exec(site) ?? [];
  return [kind, slot === undefined ? name : `${name}/${slot}`, hostName].join(':').toLowerCase();
}

/** Within how many hours a kind of target takes a new version by itself. */
export const selfServiceHours: Readonly<Record<Target['kind'], number>> = { 'app-service': 24 };
