import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import { RenewalError } from '../errors.ts';
import { isRenewalId } from './ids.ts';
import type { Orchestrations, RenewalInstance } from './orchestrations.ts';
import type { RenewalInput, RenewalResult, RenewalStatus } from './story.ts';

const ORCHESTRATOR = 'renewCertificate';
const RUNNING: readonly string[] = ['Pending', 'Running', 'ContinuedAsNew', 'Suspended'];

/** The durable client behind our own words. It puts ids into URLs without encoding them, so that each is checked first. */
export function createOrchestrations(client: DurableClient): Orchestrations {
  const find = async (renewalId: string): Promise<RenewalInstance | undefined> => {
    if (!isRenewalId(renewalId)) return undefined;
    const status = await unlessMissing(client.getStatus(renewalId, { showInput: true }));
    return status === undefined || status.name !== ORCHESTRATOR ? undefined : instanceOf(status);
  };
  return {
    find,
    async start(input) {
      if (!isRenewalId(input.renewalId)) throw new RenewalError('bug', 'durable: not a renewal id');
      if ((await find(input.renewalId)) !== undefined) return;
      await unlessRunning(client.startNew(ORCHESTRATOR, { instanceId: input.renewalId, input }));
    },
    async startHeartbeat(input) {
      await unlessRunning(client.startNew('heartbeat', { instanceId: `heartbeat-${input.period}`, input }));
    },
    async terminate(renewalId, why) {
      if ((await find(renewalId))?.state === 'running') await unlessGone(client.terminate(renewalId, why));
    },
  };
}

function instanceOf(status: DurableOrchestrationStatus): RenewalInstance {
  const runtimeStatus = String(status.runtimeStatus);
  return {
    state: RUNNING.includes(runtimeStatus) ? 'running' : 'finished',
    runtimeStatus,
    input: status.input as RenewalInput,
    ...(isObject(status.customStatus) && { status: status.customStatus as RenewalStatus }),
    ...(isObject(status.output) && { result: status.output as RenewalResult }),
    createdAt: new Date(status.createdTime).toISOString(),
    updatedAt: new Date(status.lastUpdatedTime).toISOString(),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The client tells a missing instance only by the text of its error. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (saysStatus(error, 404)) return undefined;
    throw new RenewalError('storage-unreachable', 'durable: status cannot be read', { cause: error });
  }
}

/** A conflict means that somebody else started the same renewal first: that is as good. */
async function unlessRunning(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!saysStatus(error, 409))
      throw new RenewalError('storage-unreachable', 'durable: start failed', { cause: error });
  }
}

/** It ended between the look and the call. */
async function unlessGone(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && /^No instance with ID/.test(error.message)) return;
    throw new RenewalError('storage-unreachable', 'durable: terminate failed', { cause: error });
  }
}

/** "replied with HTTP 404 response" for a status, "unexpected status code: 409" for everything else. */
function saysStatus(error: unknown, status: number): boolean {
  return error instanceof Error && new RegExp(`(HTTP|status code:) ${status}\\b`).test(error.message);
}
