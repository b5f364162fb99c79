import { yieldedTwice } from './stragglers.ts';

const WAIT_FOR_EVENT = 6;
const COMPOUND = new Set([11, 12]);
const KINDS: Record<number, string> = {
  0: 'activity',
  1: 'activity',
  2: 'sub-orchestration',
  3: 'sub-orchestration',
  5: 'timer',
};

/**
 * The exact form of the check of `Stragglers`, for whoever still holds the orchestrator's answer as the objects the
 * library made, before they became JSON: there, a task that was yielded twice is one object listed twice.
 * Answers with the explanation, or `undefined` when all is well.
 */
export function taskListedTwice(answer: unknown): string | undefined {
  const seen = new Set<object>();
  for (const action of listed(answer)) {
    if (seen.has(action)) return yieldedTwice(description(action));
    if (fieldOf(action, 'actionType') !== WAIT_FOR_EVENT) seen.add(action);
  }
  return undefined;
}

function listed(answer: unknown): readonly object[] {
  const lists = fieldOf(answer, 'actions');
  return Array.isArray(lists) ? lists.flat().flatMap(withParts) : [];
}

function withParts(action: unknown): readonly object[] {
  if (typeof action !== 'object' || action === null) return [];
  const parts = fieldOf(action, 'compoundActions');
  const isCompound = COMPOUND.has(Number(fieldOf(action, 'actionType')));
  return isCompound && Array.isArray(parts) ? parts.flatMap(withParts) : [action];
}

function description(action: object): { kind: string; name?: string } {
  const name = fieldOf(action, 'functionName');
  const kind = KINDS[Number(fieldOf(action, 'actionType'))] ?? 'task';
  return typeof name === 'string' ? { kind, name } : { kind };
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
