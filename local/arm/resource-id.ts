/** The parts of an ARM id of the Microsoft.Web provider (or of any other, down to the group). */
export interface ResourceId {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** Names of the resource and its parents: `['site', 'slot']`. */
  readonly names: readonly string[];
}

/** A mistake in a seed of the stand. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

export function parseResourceId(id: string): ResourceId {
  const [empty, subscriptions, subscription, groups, resourceGroup, providers, provider, ...rest] = id.split('/');
  const shape = [empty, subscriptions?.toLowerCase(), groups?.toLowerCase(), providers?.toLowerCase()].join('/');
  if (shape !== '/subscriptions/resourcegroups/providers' || !subscription || !resourceGroup || !provider) {
    throw new SeedError(`not the ARM id of a resource: ${id}`);
  }
  return { subscription, resourceGroup, names: rest.filter((_, index) => index % 2 === 1) };
}

/** Sites and certificates of one webspace share certificates: the group of their plan and the region. */
export function webspaceOf(resourceGroup: string, location: string): string {
  return `${resourceGroup}-${regionWord(location)}webspace`;
}

function regionWord(location: string): string {
  return location
    .split(/\s+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
