import type { Json } from './objects.ts';

/**
 * Strategic merge patch, of the kinds that are emulated: objects merge, `null` takes out, lists of named things (containers,
 * volumes, environment) merge by name, other lists are replaced. Directives (`$patch`) are not known.
 */
export function strategicMerge(base: unknown, patch: unknown): unknown {
  return merge(base, patch, mergeNamed);
}

/** JSON merge patch, RFC 7386. */
export function jsonMerge(base: unknown, patch: unknown): unknown {
  return merge(base, patch, (_base, list) => list);
}

type Lists = (base: unknown, list: readonly unknown[]) => readonly unknown[];

function merge(base: unknown, patch: unknown, lists: Lists): unknown {
  if (Array.isArray(patch)) return lists(base, patch);
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isObject(base) ? base : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value, lists);
  }
  return merged;
}

function mergeNamed(base: unknown, list: readonly unknown[]): readonly unknown[] {
  if (!Array.isArray(base) || ![...base, ...list].every((one) => nameOf(one) !== undefined)) return list;
  const merged = new Map(base.map((one) => [nameOf(one), one as unknown]));
  for (const one of list) merged.set(nameOf(one), merge(merged.get(nameOf(one)), one, mergeNamed));
  return [...merged.values()];
}

function nameOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.name === 'string' ? value.name : undefined;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
