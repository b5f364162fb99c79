import type { Path } from './problem.ts';

/** A text of the file, with its place. */
export interface Mention {
  readonly text: string;
  readonly path: Path;
}

/**
 * The names in an estate file that may be wrong elsewhere. Checks between entries work on it, so that one broken entry
 * hides no other mistake: what cannot be read is left out here and reported by the schema.
 */
export interface Outline {
  readonly vaults: readonly VaultOutline[];
  readonly issuers: readonly Entry[];
  readonly plans: readonly Entry[];
  readonly certificates: readonly Entry[];
}

export interface VaultOutline {
  readonly name: Mention | undefined;
  readonly uri: Mention | undefined;
  readonly resourceId: Mention | undefined;
}

export interface Entry {
  /** The key in its group; empty for entries of a list. */
  readonly key: string;
  readonly value: unknown;
  readonly path: Path;
}

export function outlineOf(root: unknown): Outline {
  const vaults = listAt(root, 'vaults').map(({ value, path }) => ({
    name: mentionAt('name', value, path),
    uri: mentionAt('uri', value, path),
    resourceId: mentionAt('resourceId', value, path),
  }));
  return {
    vaults,
    issuers: groupAt(root, 'issuers'),
    plans: groupAt(root, 'plans'),
    certificates: listAt(root, 'certificates'),
  };
}

/** The text under a key of an entry, if there is one. */
export function mentionAt(key: string, value: unknown, path: Path): Mention | undefined {
  const text = isGroup(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof text === 'string' ? { text, path: [...path, key] } : undefined;
}

function listAt(root: unknown, key: string): readonly Entry[] {
  const list = isGroup(root) ? root[key] : undefined;
  return Array.isArray(list) ? list.map((value: unknown, place) => ({ key: '', value, path: [key, place] })) : [];
}

function groupAt(root: unknown, key: string): readonly Entry[] {
  const group = isGroup(root) ? root[key] : undefined;
  return isGroup(group) ? Object.entries(group).map(([name, value]) => ({ key: name, value, path: [key, name] })) : [];
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
