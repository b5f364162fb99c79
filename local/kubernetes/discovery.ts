import { apiVersionOf, type Resource, resources } from './objects.ts';

const all: readonly Resource[] = Object.values(resources);
const groups = [...new Set(all.map(({ group }) => group))].filter((group) => group !== '');

/** What the server says of itself under `path`; `undefined`: the path is of something else. */
export function discovery(path: string): unknown {
  if (path === '/version') return { major: '1', minor: '33', gitVersion: 'v1.33.0', platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) };
  const found = all.filter((resource) => path === rootOf(resource));
  const [first] = found;
  if (first === undefined) return undefined;
  const named = found.map(({ name, kind, namespaced, verbs }) => ({
    ...{ name, kind, namespaced, verbs },
    singularName: kind.toLowerCase(),
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(first), resources: named };
}

function rootOf({ group, version }: Resource): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function groupOf(name: string): unknown {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}
