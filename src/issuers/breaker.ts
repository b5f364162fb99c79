import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore, BreakerRow } from '../estate/app-rows.ts';

/** Answers in a row that never came before an issuer is left alone. */
const MOST_SILENCES = 5;
const SECOND = 1000;
const FIRST_REST = 60 * SECOND;
/**
 * No longer: a trial costs an issuer little, and the limit that one renewal has met is often not that of the others (of a
 * set of names, of an hour). Whoever met it waits as long as it was told to all the same.
 */
const LONGEST_REST = 900 * SECOND;
/** Longer than any call: a trial whose process died must not keep others from trying. */
const LONGEST_TRIAL = 60 * SECOND;
const TRIAL_SECONDS = 5;
/** How old the knowledge of what other instances of the app have met may be. */
const LOOK_EVERY = 15 * SECOND;
/** Those who are sent away come back one after the other, as far as this. */
const MOST_APART_SECONDS = 30;

/** Keeps calls from an issuer that does not answer, or that has asked for patience. */
export interface Breaker {
  /** Runs the call, or throws at once what the issuer would most likely have answered, and when to come back. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

export interface BreakerOptions {
  /** Name of the issuer in the estate file. */
  readonly issuer: string;
  readonly clock: Pick<Clock, 'now'>;
  /** What instances of the app tell each other. One that cannot be read is done without. */
  readonly rows: AppRowStore;
}

/** What is known of an issuer; closed while `rests` is 0 and nothing is held. */
interface State {
  /** Rests in a row: each is twice as long as the one before. */
  readonly rests: number;
  /** Calls are refused until then; after it one is tried. Milliseconds, as all numbers here. */
  readonly until: number;
  readonly code: BreakerRow['code'];
  readonly since: number;
  /** When this was learned. */
  readonly at: number;
}

const closed: State = { rests: 0, until: 0, code: 'none', since: 0, at: 0 };

/**
 * A circuit breaker. After some silences in a row the issuer is left alone for a minute, then for twice as long each time
 * that the one call which is tried then is not answered either. An issuer that has asked for patience is left alone by
 * everybody. A single renewal notices none of it: its own tries are further apart.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  return new IssuerBreaker(options);
}

class IssuerBreaker implements Breaker {
  readonly #options: BreakerOptions;
  #state = closed;
  #silences = 0;
  /** Since the last change of the state. */
  #sentAway = 0;
  #trialUntil = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    const now = this.#now();
    await this.#look(now);
    const isTrial = this.#admit(now);
    let answer: T;
    try {
      answer = await call();
    } catch (error) {
      await this.#failed(error, isTrial);
      throw error;
    }
    await this.#answered();
    return answer;
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }

  /** Whether this call is the one that is tried; throws for one that has to come back. */
  #admit(now: number): boolean {
    const { code, until } = this.#state;
    if (code === 'none') return false;
    if (now < until) throw this.#comeBack(code, Math.ceil((until - now) / SECOND));
    if (now < this.#trialUntil) throw this.#comeBack(code, TRIAL_SECONDS);
    this.#trialUntil = now + LONGEST_TRIAL;
    return true;
  }

  #comeBack(code: Exclude<State['code'], 'none'>, seconds: number): RenewalError {
    const retryAfterSeconds = seconds + Math.min(this.#sentAway++, MOST_APART_SECONDS);
    const why = code === 'issuer-throttled' ? 'has asked for patience' : 'does not answer';
    const since = new Date(this.#state.since).toISOString();
    const message = `${this.#options.issuer}: not asked: it ${why}, since ${since}; the next try is in ${seconds} s`;
    return new RenewalError(code, message, { retryAfterSeconds });
  }

  async #answered(): Promise<void> {
    this.#silences = 0;
    if (this.#state.code !== 'none') await this.#learn({ ...closed, at: this.#now() });
  }

  async #failed(error: unknown, isTrial: boolean): Promise<void> {
    const code = error instanceof RenewalError ? error.code : 'bug';
    const seconds = error instanceof RenewalError ? error.retryAfterSeconds : undefined;
    if (code === 'issuer-unreachable') return await this.#silent(isTrial);
    if (code === 'issuer-throttled' && seconds !== undefined) return await this.#throttled(seconds, isTrial);
    if (code === 'issuer-misconfigured' || code === 'issuer-throttled') return await this.#answered();
    // It never came as far as the issuer: the next call is the trial.
    if (isTrial) this.#trialUntil = 0;
  }

  async #silent(isTrial: boolean): Promise<void> {
    // Calls that were under way when it was found silent tell nothing new.
    if (this.#state.code !== 'none' && !isTrial) return;
    this.#silences += 1;
    if (!isTrial && this.#silences < MOST_SILENCES) return;
    const now = this.#now();
    const rests = this.#state.rests + 1;
    const rest = Math.min(FIRST_REST * 2 ** (rests - 1), LONGEST_REST);
    await this.#learn({
      rests,
      code: 'issuer-unreachable',
      until: now + rest,
      ...this.#times('issuer-unreachable', now),
    });
  }

  async #throttled(seconds: number, isTrial: boolean): Promise<void> {
    const now = this.#now();
    const until = now + Math.min(seconds * SECOND, LONGEST_REST);
    if (!isTrial && until <= this.#state.until) return;
    await this.#learn({ rests: 0, code: 'issuer-throttled', until, ...this.#times('issuer-throttled', now) });
  }

  #times(code: State['code'], now: number): Pick<State, 'since' | 'at'> {
    return { since: this.#state.code === code ? this.#state.since : now, at: now };
  }

  /** What another instance has learned since. */
  async #look(now: number): Promise<void> {
    if (now - this.#lookedAt < LOOK_EVERY) return;
    this.#lookedAt = now;
    const { rows, issuer } = this.#options;
    const found = await ifThere(() => rows.get('breaker', issuer));
    const learned = found === undefined ? closed : stateOf(found.row);
    if (learned.at > this.#state.at) this.#enter(learned);
  }

  async #learn(next: State): Promise<void> {
    this.#enter(next);
    const { rows, issuer } = this.#options;
    await ifThere(async () => {
      const found = await rows.get('breaker', issuer);
      await rows.save('breaker', issuer, rowOf(next), found?.etag);
    });
  }

  #enter(next: State): void {
    this.#state = next;
    this.#silences = 0;
    this.#sentAway = 0;
    this.#trialUntil = 0;
  }
}

/** The table is away, or another instance was faster: that costs no renewal, each instance learns it by itself. */
async function ifThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RenewalError) return undefined;
    throw error;
  }
}

function rowOf({ rests, until, code, since, at }: State): BreakerRow {
  const text = (milliseconds: number): string => new Date(milliseconds).toISOString();
  return { rests, code, until: text(until), since: text(since), at: text(at) };
}

function stateOf({ rests, until, code, since, at }: BreakerRow): State {
  return { rests, code, until: Date.parse(until), since: Date.parse(since), at: Date.parse(at) };
}
