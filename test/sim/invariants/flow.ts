import type { Instance } from '../../../local/host/hub/instance.ts';
import { isFinished } from '../../../local/host/hub/instance.ts';
import { stages } from '../../../src/renewal/story.ts';
import type { Recording } from '../../replay/recording.ts';
import { replayRecording } from '../../replay/replay.ts';
import { replayWorker } from '../world/worker.ts';
import type { Invariant } from './invariant.ts';

const MOST_EVENTS = 2500;
/** Of an orchestration that waits: it continues as new long before. */
const MOST_EVENTS_OF_A_CHILD = 200;
const waiting: readonly (string | undefined)[] = ['waitForIssuer', 'deployTarget', 'rollBackTarget'];
const MOST_BYTES = 1_000_000;

export const flowInvariants: readonly Invariant[] = [
  {
    id: 'I13',
    says: 'no orchestration fails, and a history replayed from scratch asks for the same, in the same order',
    watch: ({ world, check }) => ({
      change(change) {
        if (change.change !== 'turn') return;
        check(change.status !== 'Failed', () => `${change.id} failed: ${JSON.stringify(change.output)}`);
      },
      async end() {
        for (const instance of world.hub?.instances.all() ?? []) {
          if (instance.status !== 'Completed') continue;
          const difference = await replayRecording(recordingOf(instance), replayWorker());
          check(difference === undefined, () => `${instance.id}: ${JSON.stringify(difference)}`);
        }
      },
    }),
  },
  {
    id: 'I14',
    says: 'a renewal’s stage moves forward only',
    watch({ check }) {
      const reached = new Map<string, number>();
      return {
        change(change) {
          // One that was lost, history and all, begins anew.
          if (change.change === 'create') reached.delete(change.instance.id);
          if (change.change !== 'turn') return;
          const stage = (change.customStatus as { stage?: (typeof stages)[number] } | undefined)?.stage;
          // The gate stands at three places.
          if (stage === undefined || stage === 'gate') return;
          const [now, before] = [stages.indexOf(stage), reached.get(change.id) ?? 0];
          // Waves are deployed and verified one after the other.
          check(now >= before, () => `${change.id} went from ${stages[before]} back to ${stage}`);
          reached.set(change.id, now);
        },
      };
    },
  },
  {
    id: 'I23',
    says: 'no orchestrator asks for the real time',
    watch: ({ check }) => ({
      poison: (what) => check(false, () => `${what} in an orchestrator`),
      change: (change) => {
        if (change.change === 'turn') check(true, () => '');
      },
    }),
  },
  {
    id: 'I24',
    says: `a history has fewer than ${MOST_EVENTS} events and ${MOST_BYTES} bytes, one that waits in rounds at most ${MOST_EVENTS_OF_A_CHILD}`,
    watch: ({ world, check }) => ({
      change(change) {
        if (change.change !== 'turn') return;
        const { name, history = [] } = world.hub?.instances.get(change.id) ?? {};
        const most = waiting.includes(name) ? MOST_EVENTS_OF_A_CHILD : MOST_EVENTS;
        check(history.length <= most, () => `${change.id} (${name}) has ${history.length} events`);
      },
      end() {
        for (const instance of world.hub?.instances.all() ?? []) {
          const bytes = JSON.stringify(instance.history).length;
          check(bytes < MOST_BYTES, () => `${instance.id} has ${bytes} bytes`);
        }
      },
    }),
  },
];

function recordingOf(instance: Instance): Recording {
  if (!isFinished(instance)) throw new TypeError(`${instance.id} has not ended`);
  return {
    orchestrator: instance.name as Recording['orchestrator'],
    path: 'simulated',
    tells: 'It was simulated.',
    instanceId: instance.id,
    parentInstanceId: instance.parent?.instanceId ?? null,
    input: JSON.parse(instance.inputJson) as unknown,
    history: instance.history.map((event) => ({ ...event, IsPlayed: true })),
    end: { state: 'completed', output: instance.output },
  };
}
