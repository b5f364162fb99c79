import type { InstanceStatus } from '../../../local/host/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { Orchestrations, RenewalInstance } from '../../../src/renewal/orchestrations.ts';
import type { RenewalInput, RenewalResult, RenewalStatus } from '../../../src/renewal/story.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

/** The durable client as one life of the process has it: over the hub instead of its HTTP API. */
export function orchestrationsOver(world: World, line: Line): Orchestrations {
  const hub = () => {
    if (world.hub === undefined) throw new RenewalError('storage-unreachable', 'simulated: durable: the host is down');
    return world.hub.client;
  };
  return {
    async find(renewalId) {
      await line.turn();
      if (world.faults.strikes('hub.fail', 'find')) throw new RenewalError('storage-unreachable', 'simulated: durable');
      const status = await hub().status(renewalId);
      await line.turn();
      if (status === undefined) return undefined;
      const isStale = status.runtimeStatus !== 'Running' && world.faults.strikes('hub.stale', 'find');
      return instanceOf(isStale ? { ...status, runtimeStatus: 'Running' } : status);
    },
    async start(input) {
      await line.turn();
      const certificate = `${input.vault}/${input.certificate}`;
      if (world.faults.strikes('hub.fail', 'start', certificate))
        throw new RenewalError('storage-unreachable', 'simulated: durable');
      const request = { name: 'renewCertificate', instanceId: input.renewalId, input: JSON.stringify(input) };
      await world.crashable(line, 'start', async () => {
        const started = await hub().start(request);
        world.trace(() => `start ${input.renewalId} ${started.state}`);
      });
      if (world.faults.strikes('hub.ack-lost', 'start', certificate))
        throw new RenewalError('storage-unreachable', 'simulated: durable: the answer is lost');
      await line.turn();
    },
    startHeartbeat: () => Promise.resolve(),
    async terminate(renewalId, why) {
      await line.turn();
      const certificate = world.certificateOfRenewal(renewalId);
      if (world.faults.strikes('hub.fail', 'terminate', certificate))
        throw new RenewalError('storage-unreachable', 'simulated: durable');
      await world.crashable(line, 'terminate', async () => {
        world.trace(() => `terminate ${renewalId}: ${why}`);
        await hub().terminate(renewalId, why);
      });
      await line.turn();
    },
  };
}

function instanceOf(status: InstanceStatus): RenewalInstance {
  const { runtimeStatus } = status;
  const running = ['Running', 'Pending', 'ContinuedAsNew', 'Suspended'].includes(runtimeStatus);
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
  return {
    state: running ? 'running' : 'finished',
    runtimeStatus,
    input: status.input as RenewalInput,
    ...(isObject(status.customStatus) && { status: status.customStatus as RenewalStatus }),
    ...(isObject(status.output) && { result: status.output as RenewalResult }),
    createdAt: status.createdTime,
    updatedAt: status.lastUpdatedTime,
  };
}
