import type { Principal } from '../access.ts';
import type { Resource, Verb } from './objects.ts';

/** A rule of a Role: rbac.authorization.k8s.io/v1. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Absent: all of them. */
  readonly resourceNames?: readonly string[];
}

/** One question that the API server asked: may this user do that there? */
export interface Review {
  readonly user: string;
  readonly verb: Verb;
  readonly resource: Resource;
  /** Empty for what belongs to the whole cluster. */
  readonly namespace: string;
  readonly name: string | undefined;
}

/** Who may do what in which namespace. Every question is remembered, with its answer. */
export interface Rbac {
  /** A Role with its RoleBinding. Answers with a function that takes both away. */
  bind(principal: Principal, namespace: string, rules: readonly Rule[]): () => void;
  allows(review: Review): boolean;
  readonly reviews: readonly (Review & { readonly granted: boolean })[];
}

export function createRbac(): Rbac {
  const bindings = new Set<{ readonly user: string; readonly namespace: string; readonly rules: readonly Rule[] }>();
  const reviews: (Review & { readonly granted: boolean })[] = [];
  return {
    reviews,
    bind({ id }, namespace, rules) {
      const binding = { user: id, namespace, rules };
      bindings.add(binding);
      return () => void bindings.delete(binding);
    },
    allows(review) {
      const granted = [...bindings].some(
        ({ user, namespace, rules }) =>
          user === review.user && namespace === review.namespace && rules.some((rule) => fits(rule, review)),
      );
      reviews.push({ ...review, granted });
      return granted;
    },
  };
}

function fits({ apiGroups, resources, verbs, resourceNames }: Rule, { verb, resource, name }: Review): boolean {
  const holds = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);
  const isNamed = resourceNames === undefined || (name !== undefined && resourceNames.includes(name));
  return holds(apiGroups, resource.group) && holds(resources, resource.name) && holds(verbs, verb) && isNamed;
}
