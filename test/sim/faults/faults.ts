import type { Dice } from '../virtual/dice.ts';
import { clusterFaults, type FaultName, faultKinds, faultNames } from './catalogue.ts';

/** One fault that was injected. */
export interface Injection {
  /** `name@where#number`: the same seed injects the same one again. */
  readonly id: string;
  readonly name: FaultName;
  /** Milliseconds of the simulated clock. */
  readonly at: number;
  /** `vault/certificate`, where the fault struck one. */
  readonly certificate?: string;
}

export interface FaultChoice {
  /** The kinds that are in force; absent: as the seed chooses. */
  readonly kinds?: ReadonlySet<FaultName>;
  /** The injections that may happen, by id; absent: all. */
  readonly allowed?: ReadonlySet<string>;
}

/** Decides where faults strike: some kinds a seed, at rates of its own, each at its own points. */
export class Faults {
  readonly injections: Injection[] = [];
  readonly rates: ReadonlyMap<FaultName, number>;
  readonly #dice: Dice;
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  readonly #onInjection: (injection: Injection) => void;
  isOver = false;

  constructor(
    dice: Dice,
    choice: FaultChoice,
    at: { readonly now: () => number; readonly onInjection: (injection: Injection) => void },
  ) {
    this.#dice = dice;
    this.#allowed = choice.allowed;
    this.#now = at.now;
    this.#onInjection = at.onInjection;
    this.rates = ratesOf(dice, choice.kinds);
  }

  /** Whether the fault strikes here, now. `where` names the point, and is part of the injection's id. */
  strikes(name: FaultName, where: string, certificate?: string): boolean {
    const rate = this.rates.get(name);
    if (rate === undefined || this.isOver) return false;
    const point = `${name}@${where}`;
    const number = (this.#counts.get(point) ?? 0) + 1;
    this.#counts.set(point, number);
    if (!this.#dice.chance(`fault ${point}`, rate)) return false;
    return this.inject(name, `${where}#${number}`, certificate);
  }

  /** A fault that somebody's plan brings about: it has been decided already, unless it is not allowed. */
  inject(name: FaultName, where: string, certificate?: string): boolean {
    const id = `${name}@${where}`;
    if (this.isOver || (this.#allowed !== undefined && !this.#allowed.has(id))) return false;
    const injection = { id, name, at: this.#now(), ...(certificate !== undefined && { certificate }) };
    this.injections.push(injection);
    this.#onInjection(injection);
    return true;
  }
}

/** A third of all seeds knows one kind of fault only; the others a random part of them. */
function ratesOf(dice: Dice, kinds: ReadonlySet<FaultName> | undefined): ReadonlyMap<FaultName, number> {
  const rates = new Map<FaultName, number>();
  const single = dice.chance('swarm single', 1 / 3) ? pickOne(dice) : undefined;
  const share = dice.pick('swarm share', [0.08, 0.2, 0.4]);
  for (const name of faultNames) {
    const drawn = single === undefined ? dice.chance('swarm member', share) : name === single;
    const [least, most] = faultKinds[name].rate;
    const rate = dice.scale(`swarm rate ${name}`, least, most);
    if (kinds === undefined ? drawn : kinds.has(name)) rates.set(name, rate);
  }
  return rates;
}

function pickOne(dice: Dice): FaultName {
  const isOfCluster = dice.chance('swarm of clusters', clusterFaults.length / faultNames.length);
  const [first, ...rest] = faultNames.filter((name) => clusterFaults.includes(name) === isOfCluster);
  if (first === undefined) throw new TypeError('there are no faults');
  return dice.pick('swarm kind', [first, ...rest]);
}
