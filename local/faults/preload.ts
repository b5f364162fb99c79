import dns from 'node:dns';
import type { Clock } from '../../src/clock.ts';
import { noteFailedLookup, readTroubles, TROUBLE_VARIABLE } from './app-trouble.ts';

// Loaded into the app's process before the app, by NODE_OPTIONS, and only when the stand was told of a fault that happens there.

const file = process.env[TROUBLE_VARIABLE] ?? '';
const CLOCK = Symbol.for('perennial.clock');

interface LookupFailure extends Error {
  code: string;
  syscall: string;
  hostname: string;
}

type Answer = (error: NodeJS.ErrnoException | null, ...found: unknown[]) => void;

const lookUp = dns.lookup as (hostname: string, ...rest: unknown[]) => void;

function lookup(hostname: string, ...rest: unknown[]): void {
  const answer = rest.at(-1) as Answer;
  if (readTroubles(file).dnsDown !== true) {
    lookUp(hostname, ...rest);
    return;
  }
  noteFailedLookup(file);
  // As Node's own: the resolver did not answer.
  const error = new Error(`getaddrinfo EAI_AGAIN ${hostname}`) as LookupFailure;
  process.nextTick(answer, Object.assign(error, { code: 'EAI_AGAIN', syscall: 'getaddrinfo', hostname }));
}

Object.assign(dns, { lookup });

/** Whatever clock the host gives the app, it is wrong by as much. */
let given: Clock | undefined;
const skewed: Clock = {
  now: () => new Date((given?.now().getTime() ?? Date.now()) + (readTroubles(file).skewSeconds ?? 0) * 1000),
};
Object.defineProperty(globalThis, CLOCK, {
  configurable: true,
  get: () => skewed,
  set: (clock: Clock | undefined) => {
    given = clock;
  },
});
