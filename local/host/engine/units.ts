import type { HistoryEvent } from '../types.ts';
import { eventType, textField } from './history.ts';
import { Step } from './step.ts';

/** Work with a sequence number. */
export type Work =
  | { readonly kind: 'activity'; readonly id: number; readonly name: string; readonly input: unknown }
  | {
      readonly kind: 'sub-orchestration';
      readonly id: number;
      readonly name: string;
      readonly instanceId: string;
      readonly version?: string;
      readonly input: unknown;
    }
  | { readonly kind: 'timer'; readonly id: number; readonly fireAt: Date };

type WithoutId<T> = T extends Work ? Omit<T, 'id'> : never;
export type NewWork = WithoutId<Work>;

export interface Unit {
  readonly work: Work;
  readonly step: Step;
  /** Its event is in the history. */
  recorded: boolean;
}

/** The orchestration cannot go on: `message` is its failure. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Counts sequence numbers as the library does, and checks each against the history. */
export class Units {
  readonly #units = new Map<number, Unit>();
  #next = 0;

  get nextId(): number {
    return this.#next;
  }

  add(work: NewWork): Unit {
    const unit: Unit = { work: { ...work, id: this.#next }, step: new Step(), recorded: false };
    this.#units.set(this.#next, unit);
    this.#next += 1;
    return unit;
  }

  get(id: number): Unit | undefined {
    return this.#units.get(id);
  }

  /** The history says that this work was scheduled here: kind and name have to agree. */
  confirm(event: HistoryEvent): void {
    const unit = this.#units.get(event.EventId);
    if (unit === undefined) throw new Refusal(nonDeterminism(event, 'this replay has not asked for it'));
    const { kind } = unit.work;
    const name = unit.work.kind === 'timer' ? '' : unit.work.name;
    const same = kind === kindOf(event) && name.toLowerCase() === textField(event, 'Name').toLowerCase();
    if (!same) throw new Refusal(nonDeterminism(event, `this replay asks for ${describe(kind, name)} there`));
    unit.recorded = true;
  }

  /** Work that is not in the history yet. */
  unrecorded(): readonly Work[] {
    return [...this.#units.values()].filter((unit) => !unit.recorded).map((unit) => unit.work);
  }

  get anyOpen(): boolean {
    for (const unit of this.#units.values()) if (unit.step.open) return true;
    return false;
  }
}

function nonDeterminism(event: HistoryEvent, now: string): string {
  const was = describe(kindOf(event), textField(event, 'Name'));
  return (
    `Non-Deterministic workflow detected: an earlier run of this orchestration scheduled ${was} with the sequence ` +
    `number ${event.EventId}, but ${now}. Was the orchestrator changed after this instance had started?`
  );
}

function describe(kind: Work['kind'], name: string): string {
  return name === '' ? `a ${kind}` : `the ${kind} '${name}'`;
}

function kindOf(event: HistoryEvent): Work['kind'] {
  if (event.EventType === eventType.taskScheduled) return 'activity';
  return event.EventType === eventType.timerCreated ? 'timer' : 'sub-orchestration';
}
