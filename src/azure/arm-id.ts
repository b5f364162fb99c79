import { RenewalError } from '../errors.ts';

/**
 * The API version of every resource type we call, by its lower-case type: one place to look when Azure retires one.
 * A child type that is not named has the version of its parent.
 */
const apiVersions: Readonly<Record<string, string>> = {
  'microsoft.cdn/profiles': '2024-02-01',
  'microsoft.compute/virtualmachines': '2025-04-01',
  'microsoft.compute/virtualmachinescalesets': '2025-04-01',
  'microsoft.containerservice/managedclusters': '2025-05-01',
  'microsoft.network/dnszones': '2018-05-01',
  'microsoft.network/applicationgateways': '2024-05-01',
  'microsoft.resourcegraph/resources': '2021-03-01',
  'microsoft.servicefabric/managedclusters': '2024-04-01',
  'microsoft.web/certificates': '2025-05-01',
  'microsoft.web/sites': '2025-05-01',
};

/** `{endpoint}{id}?api-version=…` for a resource, or for a collection of resources (an id without the last name). */
export function armUrl(endpoint: string, id: string): URL {
  const segments = id.split('/').filter((segment) => segment !== '');
  if (!id.startsWith('/') || segments.some((segment) => segment === '.' || segment === '..')) {
    throw new RenewalError('bug', `arm: not a resource id: ${id.slice(0, 200)}`);
  }
  const url = new URL(`/${segments.map(encodeURIComponent).join('/')}`, endpoint);
  url.searchParams.set('api-version', apiVersionOf(resourceType(segments)));
  return url;
}

/** `{type}` of the last provider in an id, lower case: `microsoft.web/sites/slots/hostnamebindings`. */
function resourceType(segments: readonly string[]): string {
  const provider = segments.map((segment) => segment.toLowerCase()).lastIndexOf('providers');
  const [namespace, ...rest] = provider < 0 ? [] : segments.slice(provider + 1);
  const types = rest.filter((_, index) => index % 2 === 0);
  return [namespace, ...types].join('/').toLowerCase();
}

function apiVersionOf(type: string): string {
  for (let known = type; known.includes('/'); known = known.slice(0, known.lastIndexOf('/'))) {
    const version = apiVersions[known];
    if (version !== undefined) return version;
  }
  throw new RenewalError('bug', `arm: no API version is known for ${type === '' ? 'an id without provider' : type}`);
}

/** `/subscriptions/{s}/resourceGroups/{g}` of an id, as it is spelled there. */
export function resourceGroupOf(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id)?.[0];
}

/** Resource ids are compared without case. */
export function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
