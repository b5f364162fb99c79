import { randomUUID } from 'node:crypto';
import type { Demand } from '../access.ts';

/** Actions and data actions, as in a role definition; `*` stands for any run of characters. */
export interface Grant {
  readonly actions: readonly string[];
  /** ARM id of a resource or of something above it. */
  readonly scope: string;
  /** The role definition that Resource Manager shows for it; absent: one made of the actions. */
  readonly role?: ShownRole;
}

/** A role definition, which knows actions of Resource Manager and data actions apart. */
export interface ShownRole {
  readonly name: string;
  /** GUID, of a built-in role; absent: made from the name. */
  readonly id?: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

/** Somebody's grant, by its id (GUID). */
export interface Assignment extends Grant {
  readonly id: string;
  readonly principalId: string;
}

/** Who may do what where, and what was asked so far. */
export class RoleAssignments {
  readonly demands: Demand[] = [];
  #assignments = new Map<string, Grant & { principalId: string }>();

  /** Answers with the assignment's id (GUID). */
  assign(principalId: string, grant: Grant): string {
    const id = randomUUID();
    this.#assignments.set(id, { ...grant, principalId: principalId.toLowerCase() });
    return id;
  }

  /** Takes back one assignment, by its id, or all of a principal's. Answers with how many there were. */
  revoke(assignmentOrPrincipalId: string): number {
    const wanted = assignmentOrPrincipalId.toLowerCase();
    const found = [...this.#assignments].filter(([id, { principalId }]) => id === wanted || principalId === wanted);
    for (const [id] of found) this.#assignments.delete(id);
    return found.length;
  }

  /** Every assignment that is in force. */
  list(): readonly Assignment[] {
    return [...this.#assignments].map(([id, assignment]) => ({ id, ...assignment }));
  }

  allows(question: { principalId: string; name: string; action: string; scope: string }): boolean {
    const scope = question.scope.toLowerCase();
    const granted = [...this.#assignments.values()].some(
      (assignment) =>
        assignment.principalId === question.principalId.toLowerCase() &&
        isWithin(scope, assignment.scope) &&
        assignment.actions.some((pattern) => matches(pattern, question.action)),
    );
    this.demands.push({ principal: question.name, action: question.action, scope, granted });
    return granted;
  }
}

/** True when `scope` is `above` or lies below it, on the borders of segments. */
export function isWithin(scope: string, above: string): boolean {
  const prefix = above.toLowerCase().replace(/\/+$/, '');
  return scope.toLowerCase() === prefix || scope.toLowerCase().startsWith(`${prefix}/`);
}

function matches(pattern: string, action: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(action);
}
