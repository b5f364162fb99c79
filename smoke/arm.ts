import { SmokeError } from './errors.ts';
import { listAt, textAt } from './json.ts';
import { type Answer, accepted, type Rest, type RestCall } from './rest.ts';

/** API version by the lower-case type of the last provider in an id; a child type has that of its parent. The Bicep files have the same. */
export const apiVersions: Readonly<Record<string, string>> = {
  'microsoft.authorization/roleassignments': '2022-04-01',
  'microsoft.authorization/roledefinitions': '2022-04-01',
  'microsoft.eventgrid/systemtopics': '2025-02-15',
  'microsoft.insights/actiongroups': '2023-01-01',
  'microsoft.insights/metricalerts': '2026-01-01',
  'microsoft.insights/scheduledqueryrules': '2026-03-01',
  'microsoft.managedidentity/userassignedidentities': '2024-11-30',
  'microsoft.storage/storageaccounts': '2026-04-01',
  'microsoft.web/certificates': '2025-05-01',
  'microsoft.web/sites': '2025-05-01',
};

/** Azure Resource Manager, read and written as it is: the answers themselves are what a run is about. */
export interface Arm {
  /** Whatever is answered, refusals included. */
  ask(method: RestCall['method'], id: string, body?: unknown): Promise<Answer>;
  /** The resource; `undefined` when there is none. Throws `SmokeError` for any other refusal. */
  get(id: string): Promise<unknown>;
  /** Every member of a collection. `query` goes with the first page. */
  list(id: string, query?: Readonly<Record<string, string>>): Promise<readonly unknown[]>;
}

const SCOPE = 'https://management.azure.com/.default';
/** A list that goes on for longer is a loop of links. */
const MOST_PAGES = 200;

export function createArm(rest: Rest, endpoint: URL): Arm {
  const call = async (request: Omit<RestCall, 'scope'>) => await rest.call({ ...request, scope: SCOPE });
  return {
    ask: (method, id, body) => call({ method, url: urlOf(endpoint, id), ...(body !== undefined && { body }) }),
    async get(id) {
      const url = urlOf(endpoint, id);
      const answer = await call({ method: 'GET', url });
      return answer.status === 404 && !isUnknownType(answer)
        ? undefined
        : accepted({ method: 'GET', url }, answer).body;
    },
    async list(id, query = {}) {
      const found: unknown[] = [];
      let url: URL | undefined = urlOf(endpoint, id);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
        const { body } = accepted({ method: 'GET', url }, await call({ method: 'GET', url }));
        found.push(...listAt(body, 'value'));
        url = nextOf(endpoint, textAt(body, 'nextLink'));
      }
      return found;
    },
  };
}

/** The provider has no such type at this endpoint: nothing is known of the resource. */
function isUnknownType({ code }: Answer): boolean {
  return code === 'InvalidResourceType';
}

function urlOf(endpoint: URL, id: string): URL {
  const url = new URL(id.split('/').map(encodeURIComponent).join('/'), endpoint);
  url.searchParams.set('api-version', apiVersionOf(id));
  return url;
}

function apiVersionOf(id: string): string {
  const [namespace, type] = id.toLowerCase().split('/providers/').at(-1)?.split('/') ?? [];
  const version = apiVersions[`${namespace}/${type}`];
  if (version === undefined) throw new SmokeError(`arm: no API version is known for ${id}`);
  return version;
}

/** The token goes along: it must lead to where the answer came from. */
function nextOf(endpoint: URL, link: string): URL | undefined {
  if (link === '') return undefined;
  const url = new URL(link, endpoint);
  if (url.origin !== endpoint.origin) throw new SmokeError(`arm: a list goes on at another host: ${url.host}`);
  return url;
}
