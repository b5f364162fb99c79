import { endedWork, eventType, schedulesWork } from '../engine/history.ts';
import type { HistoryEvent, RuntimeStatus } from '../types.ts';
import { type Control, type Instance, isFinished, openWork, type StoredInstance } from './instance.ts';

/** One change of the hub's state. A journal record is a list of them that happens as a whole. */
export type Change =
  /** Replaces an instance of the same id. */
  | { readonly change: 'create'; readonly instance: StoredInstance }
  /** `run`: the execution that the event is meant for; absent: whichever there is. */
  | { readonly change: 'message'; readonly id: string; readonly run?: string; readonly event: HistoryEvent }
  | { readonly change: 'control'; readonly id: string; readonly control: Control }
  | Turn
  | {
      readonly change: 'continue';
      readonly id: string;
      readonly at: string;
      readonly executionId: string;
      readonly inputJson: string;
      readonly messages: number;
      readonly started: HistoryEvent;
      readonly customStatus?: unknown;
    }
  | {
      readonly change: 'rewind';
      readonly id: string;
      readonly at: string;
      readonly history: readonly HistoryEvent[];
      readonly message: HistoryEvent;
    }
  | { readonly change: 'purge'; readonly id: string };

/** What an episode, or a control message, made of an instance. */
export interface Turn {
  readonly change: 'turn';
  readonly id: string;
  readonly at: string;
  /** How many of the inbox, and of the control messages, are dealt with. */
  readonly messages: number;
  readonly controls: number;
  readonly events: readonly HistoryEvent[];
  readonly status: RuntimeStatus;
  readonly customStatus?: unknown;
  readonly output?: unknown;
}

/** All instances of a hub, by id. Changes are applied in the journal's order, so that a reading of it gives the same. */
export class Instances {
  readonly #byId = new Map<string, Instance>();
  #sequence = 0;

  get(id: string): Instance | undefined {
    return this.#byId.get(id);
  }

  /** Oldest first. */
  all(): Iterable<Instance> {
    return this.#byId.values();
  }

  /** The changes that make this state from nothing. */
  *snapshot(): Iterable<readonly Change[]> {
    for (const { open: _open, sequence: _sequence, ...instance } of this.#byId.values()) {
      yield [{ change: 'create', instance }];
    }
  }

  apply(change: Change): void {
    if (change.change === 'create') {
      this.#create(change.instance);
    } else if (change.change === 'purge') {
      this.#byId.delete(change.id);
    } else {
      const instance = this.#byId.get(change.id);
      if (instance !== undefined) applyTo(instance, change);
    }
  }

  #create(stored: StoredInstance): void {
    this.#byId.delete(stored.id);
    this.#sequence += 1;
    const open = isFinished(stored) ? new Map() : openWork([...stored.history, ...stored.inbox]);
    this.#byId.set(stored.id, { ...stored, sequence: this.#sequence, open });
  }
}

function applyTo(instance: Instance, change: Exclude<Change, { change: 'create' | 'purge' }>): void {
  switch (change.change) {
    case 'message':
      receive(instance, change);
      break;
    case 'control':
      instance.controls.push(change.control);
      break;
    case 'turn':
      applyTurn(instance, change);
      break;
    case 'continue':
      applyContinue(instance, change);
      break;
    case 'rewind':
      applyRewind(instance, change);
      break;
  }
}

/** A second answer to the same work, or one for an execution that is over, is dropped. */
function receive(instance: Instance, change: Extract<Change, { change: 'message' }>): void {
  if (isFinished(instance) || (change.run !== undefined && change.run !== instance.executionId)) return;
  const ended = endedWork(change.event);
  if (ended !== undefined && !instance.open.delete(ended)) return;
  instance.inbox.push(change.event);
}

function applyTurn(instance: Instance, turn: Turn): void {
  instance.inbox.splice(0, turn.messages);
  instance.controls.splice(0, turn.controls);
  for (const event of turn.events) {
    instance.history.push(event);
    if (schedulesWork(event)) instance.open.set(event.EventId, event);
  }
  instance.status = turn.status;
  instance.lastUpdatedTime = turn.at;
  if (turn.customStatus !== undefined) instance.customStatus = turn.customStatus;
  if (turn.output !== undefined) instance.output = turn.output;
  if (!isFinished(instance)) return;
  instance.inbox = [];
  instance.controls = [];
  instance.open.clear();
}

/** As on Azure, events that the old execution has seen and not used are lost; those after it go to the new one. */
function applyContinue(instance: Instance, change: Extract<Change, { change: 'continue' }>): void {
  const later = instance.inbox.slice(change.messages).filter((event) => event.EventType === eventType.eventRaised);
  instance.executionId = change.executionId;
  instance.status = 'Running';
  instance.inputJson = change.inputJson;
  instance.history = [];
  instance.inbox = [change.started, ...later];
  instance.open.clear();
  instance.lastUpdatedTime = change.at;
  if (change.customStatus !== undefined) instance.customStatus = change.customStatus;
}

function applyRewind(instance: Instance, change: Extract<Change, { change: 'rewind' }>): void {
  instance.history = [...change.history];
  instance.inbox = [change.message];
  instance.status = 'Running';
  instance.output = null;
  instance.lastUpdatedTime = change.at;
  instance.open.clear();
  for (const [id, event] of openWork(instance.history)) instance.open.set(id, event);
}
