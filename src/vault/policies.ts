import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';

/** A wait that is longer belongs to the durable timer of the orchestration, not to a client that sleeps. */
const LONGEST_WAIT_SECONDS = 5;

/** Without it the client would sleep as long as `Retry-After` asks, and the time limit would hide how long that is. */
export function impatience(clock: Clock): PipelinePolicy {
  return {
    name: 'perennialImpatience',
    async sendRequest(request, next) {
      const response = await next(request);
      const wait = throttled(response) ? waitSeconds(response, clock.now()) : undefined;
      if (wait === undefined || wait <= LONGEST_WAIT_SECONDS) return response;
      const { status } = response;
      const message = `key-vault: told to wait: vault=${new URL(request.url).origin}, status=${status}, seconds=${wait}`;
      throw new RenewalError(status === 429 ? 'vault-throttled' : 'vault-unreachable', message, {
        retryAfterSeconds: wait,
      });
    },
  };
}

function throttled({ status }: PipelineResponse): boolean {
  return status === 429 || status === 503;
}

function waitSeconds({ headers }: PipelineResponse, now: Date): number | undefined {
  return retryAfterSeconds(headers.get('retry-after'), now);
}

/**
 * The client fails to read a refusal that has no body, as gateways send them, or whose words are no text, and its status is
 * lost with that. Such a one is known by its status alone.
 */
export const bodilyRefusals: PipelinePolicy = {
  name: 'perennialBodilyRefusals',
  async sendRequest(request, next) {
    const response = await next(request);
    const isRefusal = response.status >= 300;
    return isRefusal && !isReadable(response.bodyAsText ?? '') ? { ...response, bodyAsText: '{}' } : response;
  },
};

const word = z.string().nullish();
const refusalShape = z.looseObject({ error: z.looseObject({ code: word, message: word }).nullish() });

function isReadable(body: string): boolean {
  try {
    return body !== '' && refusalShape.safeParse(JSON.parse(body)).success;
  } catch {
    // A page of a gateway: the client says itself that it is no JSON.
    return true;
  }
}

/**
 * The token of one vault opens all: the client sends it wherever an answer says that a list goes on. Asked here is nobody
 * but the vault itself.
 */
export function ownHost(vault: string): PipelinePolicy {
  const own = new URL(vault).origin;
  return {
    name: 'perennialOwnHost',
    async sendRequest(request, next) {
      const { origin, host } = new URL(request.url);
      if (origin === own) return next(request);
      throw new RenewalError(
        'vault-refused',
        `key-vault: an answer points to another host: vault=${own}, host=${host}`,
      );
    },
  };
}
