import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { createChance } from '../../../local/vault/chance.ts';
import type { Dice } from './dice.ts';
import type { SimClock } from './sim-clock.ts';

/** Which simulation owns time and chance of this process. */
interface Owner {
  readonly clock: SimClock;
  readonly dice: Dice;
  /** True while an orchestrator's code runs: it must not ask for the time. */
  isOrchestrating: boolean;
  /** Told when it did. */
  readonly onPoison: (what: string) => void;
}

let owner: Owner | undefined;

const real = { Date, setImmediate, random: Math.random };

export function takeOver(next: Owner): void {
  install();
  owner = next;
}

/** Runs something by a clock and a chance that are not the simulation's: it draws nothing from the seed. */
export async function apart<T>({ clock, dice }: Pick<Owner, 'clock' | 'dice'>, run: () => Promise<T>): Promise<T> {
  const before = owner;
  owner = { clock, dice, isOrchestrating: false, onPoison: () => undefined };
  try {
    return await run();
  } finally {
    owner = before;
  }
}

export function letGo(): void {
  owner = undefined;
}

/** Resolves when everything that follows from the last step by itself has happened: no other event loop turn is needed. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve));
}

/** Runs a piece of an orchestrator: the time is poisoned meanwhile. */
export function orchestrating<T>(run: () => T): T {
  if (owner === undefined) return run();
  const before = owner.isOrchestrating;
  owner.isOrchestrating = true;
  try {
    return run();
  } finally {
    owner.isOrchestrating = before;
  }
}

let isInstalled = false;

/**
 * Puts virtual time and seeded chance in place of the process's own, for SDKs that know no injected clock. This process is
 * a simulation's and nobody else's: a test runner must not share it.
 */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  installDate();
  installTimers();
  installChance();
}

function nowOf(what: string): number {
  if (owner === undefined) return real.Date.now();
  if (owner.isOrchestrating) owner.onPoison(what);
  return owner.clock.milliseconds;
}

function installDate(): void {
  // A function, for a proxy takes several times as long, and dates are made all the time.
  function VirtualDate(this: unknown, ...args: unknown[]): Date | string {
    if (new.target === undefined) return new real.Date(nowOf('Date()')).toString();
    if (args.length === 0) return new real.Date(nowOf('new Date()'));
    return args.length === 1 ? new real.Date(args[0] as number) : (Reflect.construct(real.Date, args) as Date);
  }
  Object.setPrototypeOf(VirtualDate, real.Date);
  VirtualDate.prototype = real.Date.prototype;
  VirtualDate.now = () => nowOf('Date.now()');
  globalThis.Date = VirtualDate as unknown as DateConstructor;
}

/** What `setTimeout` answers with, as far as anybody uses it. */
class VirtualTimer {
  readonly cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

const timedOut = new DOMException('The operation timed out.', 'TimeoutError');

function installTimers(): void {
  const scope = globalThis as unknown as Record<string, unknown>;
  const realTimer = { setTimeout, clearTimeout };
  scope.setTimeout = (wake: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]): unknown => {
    if (owner === undefined) return realTimer.setTimeout(wake, milliseconds, ...args);
    return new VirtualTimer(owner.clock.after(milliseconds, () => wake(...args)));
  };
  scope.clearTimeout = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.cancel();
    else realTimer.clearTimeout(timer as NodeJS.Timeout);
  };
  AbortSignal.timeout = (milliseconds) => {
    const controller = new AbortController();
    owner?.clock.after(milliseconds, () => controller.abort(timedOut), true);
    return controller.signal;
  };
}

function installChance(): void {
  const bytes = (length: number): Buffer => owner?.dice.bytes('node:crypto', length) ?? realCrypto.randomBytes(length);
  const realCrypto = { randomBytes: crypto.randomBytes, sign: crypto.sign };
  const seeded = createChance(() => bytes(6).readUIntBE(0, 6) / 2 ** 48);
  Math.random = () => owner?.dice.stream('Math.random')() ?? real.random();
  // Signatures on elliptic curves hold a number of chance, and their bytes reach hashes and with them the trace.
  const sign = (algorithm: string, content: Uint8Array, key: unknown): Buffer => {
    const bare = bareKey(key);
    if (owner === undefined || bare === undefined) return realCrypto.sign(algorithm, content, key as crypto.KeyObject);
    return Buffer.from(seeded.sign(algorithm, content, bare));
  };
  const guid = (): string => (owner === undefined ? seeded.guid() : quickGuid(owner.dice.stream('guid')));
  Object.assign(crypto, { randomBytes: bytes, randomUUID: guid, sign });
  syncBuiltinESMExports();
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: guid });
}

/** RFC 9562, version 4. Each request and each call of a function has one: four numbers are enough of chance. */
function quickGuid(stream: () => number): string {
  const hex = (length: number): string =>
    Math.floor(stream() * 16 ** length)
      .toString(16)
      .padStart(length, '0');
  const [one, two, three] = [hex(8), hex(8), hex(8)];
  return `${one}-${two.slice(0, 4)}-4${two.slice(5)}-8${three.slice(1, 4)}-${three.slice(4)}${hex(8)}`;
}

function bareKey(key: unknown): crypto.KeyObject | undefined {
  const object = key instanceof crypto.KeyObject ? key : (key as { key?: unknown }).key;
  return object instanceof crypto.KeyObject && object.asymmetricKeyType === 'ec' ? object : undefined;
}
