import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MAGIC = /[*?[\]{}]/;

/** The files below `directory` that match the glob, absolute and sorted. Node 20 has no glob of its own. */
export async function filesMatching(directory: string, glob: string): Promise<string[]> {
  const pattern = glob.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  if (!MAGIC.test(pattern)) return (await isFile(join(directory, pattern))) ? [join(directory, pattern)] : [];
  const segments = pattern.split('/');
  const fixed = segments.slice(
    0,
    segments.findIndex((segment) => MAGIC.test(segment)),
  );
  const expression = globExpression(pattern);
  const found = await filesBelow(directory, fixed.join('/'));
  return found
    .filter((file) => expression.test(file))
    .sort()
    .map((file) => join(directory, file));
}

/** `*` and `?` stay inside a folder, `**` crosses folders, `{a,b}` and `[abc]` as in shells. */
export function globExpression(pattern: string): RegExp {
  let source = '';
  let depth = 0;
  for (const [token] of pattern.matchAll(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[\s\S]/g)) {
    if (token === '{') depth += 1;
    if (token === '}') depth -= 1;
    source += depth > 0 && token === ',' ? '|' : translated(token);
  }
  return new RegExp(`^${source}$`);
}

function translated(token: string): string {
  switch (token) {
    case '**/':
      return '(?:[^/]+/)*';
    case '**':
      return '.*';
    case '*':
      return '[^/]*';
    case '?':
      return '[^/]';
    case '{':
      return '(?:';
    case '}':
      return ')';
    default:
      return token.startsWith('[') ? token.replace(/^\[!/, '[^') : token.replace(/[.+^$()|\\/]/g, '\\$&');
  }
}

/** Paths relative to `root`. `node_modules` is never an entry point, and walking it would take seconds. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await entriesOf(join(root, folder));
  const lists = entries.map(async (entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(root, path);
    return [path];
  });
  return (await Promise.all(lists)).flat();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
