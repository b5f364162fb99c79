import type { Schema } from '../../monitor/kusto-tree.ts';
import type { Row } from '../../monitor/values.ts';

/** A resource as its provider shows it; what Resource Graph makes a row of. */
export interface GraphResource {
  readonly id: string;
  /** `Microsoft.Web/sites`, in any spelling. */
  readonly type: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly identity?: unknown;
  readonly sku?: unknown;
  readonly properties?: unknown;
}

/** A resource of what its provider's API answers. */
export function resourceOf(shape: Readonly<Record<string, unknown>>): GraphResource {
  const { id, type, location, tags, identity, properties } = shape;
  return {
    ...{ id: String(id), type: String(type), location: String(location), properties },
    ...(tags !== undefined && { tags: tags as Readonly<Record<string, string>> }),
    ...(identity !== undefined && { identity }),
  };
}

/** Everything that one emulated provider holds now. */
export type GraphSource = () => readonly GraphResource[];

/** The columns of both tables that queries may name; Azure has more. */
export const graphTables: Readonly<Record<string, Schema>> = {
  resources: {
    ...{ id: 'string', name: 'string', type: 'string', location: 'string', resourceGroup: 'string' },
    ...{ subscriptionId: 'string', tenantId: 'string' },
    ...{ sku: 'dynamic', properties: 'dynamic', tags: 'dynamic', identity: 'dynamic' },
  },
  resourcecontainers: {
    ...{ id: 'string', name: 'string', type: 'string', location: 'string', resourceGroup: 'string' },
    ...{ subscriptionId: 'string', tenantId: 'string', properties: 'dynamic', tags: 'dynamic' },
  },
};

/** Resource Graph writes types and resource groups in lower case, and leaves ids as their providers spell them. */
export function rowOf({ id, type, location, tags, identity, sku, properties }: GraphResource): Row {
  return {
    ...{ id, name: id.split('/').at(-1) ?? '', type: type.toLowerCase(), location: location ?? '' },
    ...{ subscriptionId: subscriptionOf(id), resourceGroup: id.split('/')[4]?.toLowerCase() ?? '' },
    ...{ tags: dynamic(tags), identity: dynamic(identity), sku: dynamic(sku), properties: dynamic(properties) },
  };
}

export function subscriptionRow(subscription: string): Row {
  const type = 'microsoft.resources/subscriptions';
  return { id: `/subscriptions/${subscription}`, name: subscription, type, subscriptionId: subscription };
}

export function subscriptionOf(id: string): string {
  return id.split('/')[2]?.toLowerCase() ?? '';
}

/** A copy: what changes later is not in what was shown before. */
function dynamic(value: unknown): { readonly [name: string]: unknown } | null {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as { readonly [name: string]: unknown });
}
