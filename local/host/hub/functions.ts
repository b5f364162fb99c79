import type { FunctionInfo, Worker } from '../types.ts';

export type DurableKind = 'activity' | 'sub-orchestration';

const triggers: Record<DurableKind, string> = {
  activity: 'activitytrigger',
  'sub-orchestration': 'orchestrationtrigger',
};

/** The app's orchestrators and activities; names ignore case. */
export class DurableFunctions {
  readonly #byKind: Record<DurableKind, ReadonlyMap<string, FunctionInfo>>;

  constructor(worker: Worker) {
    this.#byKind = {
      activity: index(worker, triggers.activity),
      'sub-orchestration': index(worker, triggers['sub-orchestration']),
    };
  }

  find(kind: DurableKind, name: string): FunctionInfo | undefined {
    return this.#byKind[kind].get(name.toLowerCase());
  }

  /** Why the function cannot be called; `undefined` when it can. */
  objection(kind: DurableKind, name: string): string | undefined {
    if (this.find(kind, name) !== undefined) return undefined;
    const role = kind === 'activity' ? 'an activity' : 'an orchestrator';
    const known = [...this.#byKind[kind].values()].map((known) => `'${known.name}'`);
    return (
      `The function '${name}' doesn't exist, is disabled, or is not ${role} function. ` +
      `Known ${role.split(' ')[1]} functions: ${known.length === 0 ? 'none' : known.join(', ')}`
    );
  }
}

function index(worker: Worker, trigger: string): ReadonlyMap<string, FunctionInfo> {
  const matching = worker.functions.filter((known) => known.trigger.type.toLowerCase() === trigger);
  return new Map(matching.map((known) => [known.name.toLowerCase(), known]));
}
