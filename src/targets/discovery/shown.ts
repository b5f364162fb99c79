import { z } from 'zod';
import type { Complain, Shown } from './found.ts';

/** Longer texts of Azure are no names. */
const LONGEST = 2000;

/** A text of an answer. */
export const text = z.string().min(1).max(LONGEST);

/** What Azure writes as null, or as an empty text, is not there. */
export const maybe = z
  .string()
  .max(LONGEST)
  .nullish()
  .transform((value) => (value === null || value === '' ? undefined : value));

/** Names of DNS, lower case; anything else in the list is left out. */
export const names = z
  .array(z.unknown())
  .nullish()
  .transform((list) => (list ?? []).flatMap((one) => (typeof one === 'string' ? [one.toLowerCase()] : [])));

/** Azure's thumbprint: SHA-1 in hex. */
export const thumbprint = z
  .string()
  .regex(/^[0-9A-Fa-f]{40}$/)
  .toUpperCase();

const ARM_ID = /^\/subscriptions\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\/[^/\s?#%\\]{1,260})*\/?$/i;

const resource = z.looseObject({
  id: z.string().max(LONGEST).regex(ARM_ID),
  location: maybe,
  tags: z.unknown().optional(),
  identity: z.unknown().optional(),
});

/** A row as a resource; `undefined`, and a complaint, for one without an ARM id. */
export function shownOf(row: unknown, complain: Complain): Shown | undefined {
  const read = resource.safeParse(row);
  if (!read.success) {
    complain('a row has no ARM id');
    return undefined;
  }
  const { id, location, tags, identity } = read.data;
  const known = tagsOf(tags);
  return {
    id,
    ...(location !== undefined && { location: location.toLowerCase().replaceAll(' ', '') }),
    ...(known !== undefined && { tags: known }),
    identities: identitiesOf(identity),
    row: read.data,
  };
}

/** The members of a list that have the shape; a complaint for each other one, and for what is no list. */
export function each<T>(shape: z.ZodType<T>, list: unknown, complain: Complain): readonly T[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) {
    complain('what should be a list is none');
    return [];
  }
  return list.flatMap((one: unknown) => {
    const read = shape.safeParse(one);
    if (!read.success) complain(`an entry cannot be read: ${pathsOf(read.error)}`);
    return read.success ? [read.data] : [];
  });
}

/** One row by its shape; a complaint when it has another. */
export function one<T>(shape: z.ZodType<T>, { id, row }: Shown, complain: Complain): T | undefined {
  const read = shape.safeParse(row);
  if (!read.success) complain(`${id} cannot be read: ${pathsOf(read.error)}`);
  return read.data;
}

/** What every use takes over from its resource. */
export function placeOf({ location, tags, identities }: Shown) {
  return {
    ...(location !== undefined && { location }),
    ...(tags !== undefined && { tags }),
    ...(identities.length > 0 && { readers: identities }),
  };
}

/** The last name of an ARM id. */
export function lastName(id: string): string {
  return id.replace(/\/$/, '').split('/').at(-1) ?? id;
}

/** The resource that a child's ARM id lies in: `…/{type}/{name}` cut off. */
export function parentId(id: string): string {
  return id.replace(/\/$/, '').split('/').slice(0, -2).join('/');
}

function pathsOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path }) => path.join('.') || 'it')
    .join(', ')
    .slice(0, 200);
}

/** Tags that an estate file can hold; the first fifty, which is as many as Azure allows. */
function tagsOf(tags: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof tags !== 'object' || tags === null) return undefined;
  const usable = Object.entries(tags).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' &&
      /^[0-9A-Za-z][\w.-]{0,62}$/.test(entry[0]) &&
      /^[^\p{Cc}]{1,256}$/u.test(entry[1]),
  );
  return usable.length === 0 ? undefined : Object.fromEntries(usable.slice(0, 50));
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `identity` of a resource: `principalId` of its own, and of each that is assigned `principalId` and `clientId`. */
function identitiesOf(identity: unknown): readonly string[] {
  if (typeof identity !== 'object' || identity === null) return [];
  const { principalId, userAssignedIdentities } = identity as Readonly<Record<string, unknown>>;
  const assigned = Object.values(
    typeof userAssignedIdentities === 'object' ? (userAssignedIdentities ?? {}) : {},
  ).flatMap((one: unknown) => {
    const { principalId: object, clientId } = (typeof one === 'object' ? (one ?? {}) : {}) as Record<string, unknown>;
    return [object, clientId];
  });
  return [principalId, ...assigned].flatMap((id) =>
    typeof id === 'string' && GUID.test(id) ? [id.toLowerCase()] : [],
  );
}
