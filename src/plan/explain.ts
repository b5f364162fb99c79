import type { z } from 'zod';
import type { Finding, Path } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** What zod found, in words: its messages say what should be there, the value says what is. */
export function explain(issue: Issue, root: unknown): readonly Finding[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    const problem = 'is no known key';
    const fix = `remove it, or write ${issue.message.replace('a group of', 'one of')}`;
    return issue.keys.map((key) => ({ path: [...path, key], at: 'key', problem, fix }));
  }
  if (issue.code === 'invalid_key') {
    const fix = `write ${issue.issues[0]?.message ?? 'another name'}`;
    return [{ path, at: 'key', problem: 'has a name that is not allowed', fix }];
  }
  return [{ path, at: 'value', problem: problemOf(valueAt(root, path)), fix: `write ${issue.message}` }];
}

function problemOf(value: unknown): string {
  return value === undefined ? 'is missing' : `is ${shown(value)}`;
}

/** Long texts and everything after a first line are left out: somebody may have pasted a key. */
export function shown(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a group of keys';
  if (typeof value !== 'string') return String(value);
  const [first = '', ...more] = value.split('\n');
  const isPlain = more.join('').trim() === '' && first.length <= 200 && !first.includes('PRIVATE KEY');
  return isPlain ? JSON.stringify(first) : `a text of ${value.length} characters`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    return (value as Record<string | number, unknown>)[step];
  }, root);
}
