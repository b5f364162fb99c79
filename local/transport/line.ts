import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import type { ServerIdentity } from './ca.ts';

/** What of an answer reaches the client: all of it, the first half before the connection is cut, or nothing. */
export type Delivery =
  | { readonly state: 'whole' | 'half'; readonly response: EmulatorResponse }
  | { readonly state: 'none' };

/** The rest of the way: the rules that were added before, and the emulator itself. */
export type Next = () => Promise<Delivery>;

/** Sees a request that has arrived, and decides what becomes of it: `next` may be called late, or not at all. */
export type Rule = (request: EmulatorRequest, next: Next) => Promise<Delivery>;

/** What is wrong with new connections. */
export interface Trouble {
  /** The server lets the handshake wait so long. */
  readonly milliseconds?: number;
  /** What the server shows in place of its own certificate. */
  readonly identity?: ServerIdentity;
  /** Called for every handshake that was troubled. */
  readonly onHandshake?: () => void;
}

/** The way between the clients and one emulator: nothing happens on it until a rule or a trouble is added. */
export interface Line {
  /** The newest rule is asked first. Answers with a function that takes it away. */
  add(rule: Rule): () => void;
  /** Ends connections that are idle, and each other one after its next answer, so that every client has to connect anew. */
  trouble(trouble: Trouble): () => void;
  readonly troubled: Trouble | undefined;
  deliver(request: EmulatorRequest, handle: () => Promise<EmulatorResponse>): Promise<Delivery>;
  /** For the listener: what ends idle connections. */
  onReset(reset: () => void): void;
}

export function createLine(): Line {
  const rules: Rule[] = [];
  const resets: (() => void)[] = [];
  let troubled: Trouble | undefined;
  return {
    add(rule) {
      rules.unshift(rule);
      return () => {
        if (rules.includes(rule)) rules.splice(rules.indexOf(rule), 1);
      };
    },
    trouble(trouble) {
      troubled = trouble;
      for (const reset of resets) reset();
      return () => {
        if (troubled === trouble) troubled = undefined;
      };
    },
    get troubled() {
      return troubled;
    },
    deliver(request, handle) {
      // A copy: a rule may be taken away while a request is on its way.
      const inForce = [...rules];
      const from = async (index: number): Promise<Delivery> => {
        const rule = inForce[index];
        return rule === undefined ? { state: 'whole', response: await handle() } : rule(request, () => from(index + 1));
      };
      return from(0);
    },
    onReset: (reset) => void resets.push(reset),
  };
}
