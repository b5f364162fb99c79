import { randomUUID } from 'node:crypto';
import type { StandClock } from '../clock.ts';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { armError } from './answers.ts';
import type { ArmRoute } from './request.ts';

/** How an operation ends: `body` is the status document's `properties`, or the answer of a `Location`. */
export type OperationEnd =
  | { readonly status: 'Succeeded'; readonly body?: unknown }
  | { readonly status: 'Failed' | 'Canceled'; readonly code: string; readonly message: string };

export interface Operations {
  /**
   * Begins an operation that ends by itself after `seconds`, with what `finish` answers then. The headers belong into the
   * answer of the request that began it: `azure-asyncoperation` and `location` (to be polled until they end).
   */
  begin(operation: BeginOperation): Begun;
  /** Where operations are looked at, each provider under its own path and action. */
  readonly routes: readonly ArmRoute[];
  stop(): void;
}

export interface BeginOperation {
  readonly subscription: string;
  /** As it is spelled in the URL, e.g. `Microsoft.Compute`. */
  readonly provider: OperationProvider;
  readonly location: string;
  readonly seconds: number;
  finish(): OperationEnd;
}

export interface Begun {
  readonly id: string;
  readonly headers: Readonly<Record<'azure-asyncoperation' | 'location' | 'retry-after', string>>;
}

export const operationProviders = ['Microsoft.Compute', 'Microsoft.Network', 'Microsoft.ContainerService'] as const;
export type OperationProvider = (typeof operationProviders)[number];

interface Entry {
  readonly startedAt: Date;
  end?: OperationEnd & { readonly at: Date };
  readonly cancel: () => void;
}

/** ARM's long-running operations: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations. */
export function createOperations({
  clock,
  origin,
  retryAfterSeconds = 15,
}: {
  readonly clock: StandClock;
  /** Where ARM answers, without trailing slash; asked when an operation begins, for it may not listen before. */
  readonly origin: () => string;
  readonly retryAfterSeconds?: number;
}): Operations {
  const entries = new Map<string, Entry>();

  const status = (id: string): EmulatorResponse => {
    const entry = entries.get(id);
    if (entry === undefined) return notFound(id);
    const { startedAt, end } = entry;
    if (end === undefined) {
      const body = { startTime: startedAt.toISOString(), status: 'InProgress', name: id };
      return jsonResponse(200, body, { 'retry-after': String(retryAfterSeconds) });
    }
    const times = { startTime: startedAt.toISOString(), endTime: end.at.toISOString() };
    if (end.status === 'Succeeded') {
      const properties = end.body === undefined ? {} : { properties: end.body };
      return jsonResponse(200, { ...times, status: end.status, ...properties, name: id });
    }
    const error = { code: end.code, message: end.message };
    return jsonResponse(200, { ...times, status: end.status, error, name: id });
  };

  const result = (id: string): EmulatorResponse => {
    const entry = entries.get(id);
    if (entry === undefined) return notFound(id);
    const { end } = entry;
    if (end === undefined) {
      return { status: 202, headers: { 'retry-after': String(retryAfterSeconds) } };
    }
    if (end.status !== 'Succeeded') return armError(409, end.code, end.message);
    return end.body === undefined ? { status: 204, headers: {} } : jsonResponse(200, end.body);
  };

  return {
    begin({ subscription, provider, location, seconds, finish }) {
      const id = randomUUID();
      const startedAt = clock.now();
      const entry: Entry = {
        startedAt,
        cancel: clock.at(new Date(startedAt.getTime() + seconds * 1000), () => {
          entry.end = { ...finish(), at: clock.now() };
        }),
      };
      entries.set(id, entry);
      const url = `${origin()}/subscriptions/${subscription}/providers/${provider}/locations/${location}/operations/${id}`;
      return {
        id,
        headers: {
          'azure-asyncoperation': `${url}?api-version=2024-11-01`,
          location: `${url}?monitor=true&api-version=2024-11-01`,
          'retry-after': String(retryAfterSeconds),
        },
      };
    },
    routes: operationProviders.map((provider) => ({
      method: 'GET',
      template: `/subscriptions/{subscription}/providers/${provider.toLowerCase()}/locations/{location}/operations/{id}`,
      action: `${provider}/locations/operations/read`,
      run: ({ parameters, query }) =>
        query.get('monitor') === 'true' ? result(parameters.id ?? '') : status(parameters.id ?? ''),
    })),
    stop() {
      for (const { cancel } of entries.values()) cancel();
    },
  };
}

function notFound(id: string): EmulatorResponse {
  return armError(404, 'OperationNotFound', `The operation '${id}' was not found.`);
}
