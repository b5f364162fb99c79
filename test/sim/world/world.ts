import type { X509Certificate } from 'node:crypto';
import type { EmulatorResponse } from '../../../local/emulator.ts';
import type { Clock } from '../../../src/clock.ts';
import { createMemoryAppRows, createMemoryEstate, createMemoryIssuances } from '../../../src/estate/memory.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import type { Estate } from '../../../src/plan/types.ts';
import type { Dependencies } from '../../../src/renewal/dependencies.ts';
import { createApp } from './app.ts';
import { type Cloud, createCloud } from './cloud.ts';
import { drawCertificates, estateOf, type SimCertificate } from './estate.ts';
import { Ground, START, type Tamper, type WorldOptions } from './ground.ts';
import { type Hub, type HubStore, openHub } from './hub.ts';
import { Line } from './line.ts';
import { labelOf, type SimTarget } from './places.ts';
import type { Sight, Sightings } from './sightings.ts';
import { servedNow } from './target.ts';
import { workerFor } from './worker.ts';

/** One life of the app's process. */
export interface Life {
  readonly line: Line;
  readonly app: Dependencies;
}

/** Everything that one seed makes: the estate, Azure, the app's lives, and what is durable between them. */
export class World {
  readonly ground: Ground;
  readonly certificates: readonly SimCertificate[];
  readonly cloud: Cloud;
  readonly estate: Estate;
  readonly stores = {
    estate: createMemoryEstate(),
    journal: createMemoryJournal(),
    rows: createMemoryAppRows(),
    issuances: createMemoryIssuances(),
  };
  readonly hubStore: HubStore = { records: [] };
  /** CSRs by order reference, as the issuer remembers them. */
  readonly requests = new Map<string, string>();
  /** Renewals by the references of their orders: the first that has it on record. */
  readonly renewalOfOrder = new Map<string, string>();
  /** `vault/certificate` by the URLs of the public CA that have to do with it. */
  readonly certificateOfUrl = new Map<string, string>();
  /** Answers of issuers that were tampered with, by fault and renewal. */
  readonly tampered = new Map<string, readonly string[]>();
  /** Whether the issuer refuses the order of a renewal. */
  readonly refusals = new Map<string, boolean>();
  /** What targets serve that lie, and those that cannot be reached. */
  readonly lies = new Map<string, readonly X509Certificate[]>();
  readonly down = new Set<string>();
  readonly readOnlyHosts = new Set<string>();
  /** Policies as they were before somebody edited them, by certificate, until that is mended. */
  readonly editedPolicies = new Map<string, Readonly<Record<string, unknown>>>();
  /** For hours: the certificate of the public CA's host has expired, or it refuses our account. */
  readonly caTroubles = new Set<'tls' | 'refused'>();
  /** SHA-256 of every leaf that somebody has merged by hand, or tried to. */
  readonly mergedByHand = new Set<string>();
  readonly #lagUntil = new Map<string, { readonly answer: EmulatorResponse; readonly until: number }>();
  readonly #certificateOfRenewal = new Map<string, string>();
  readonly #certificateOfTarget = new Map<string, string>();
  /** Ids of renewals whose instance has ended. */
  readonly endedRenewals = new Set<string>();
  readonly #tamper: Tamper;
  #lives = 0;
  #hub: Hub | undefined;
  #isStopped = false;
  /** Milliseconds that the app's clock is wrong. */
  skew = 0;
  life: Life | undefined;

  private constructor(
    ground: Ground,
    certificates: readonly SimCertificate[],
    { cloud, tamper = (app) => app }: { readonly cloud: Cloud; readonly tamper?: Tamper | undefined },
  ) {
    this.ground = ground;
    this.#tamper = tamper;
    this.certificates = certificates;
    this.cloud = cloud;
    const publicRoot = cloud.publicCa?.root.toString();
    const { root: partnerRoot, issuing: partnerIssuing } = cloud.partnerCa;
    this.estate = estateOf(certificates, {
      internal: cloud.root.pem,
      partner: partnerRoot.toString(),
      partnerIssuing: partnerIssuing.toString(),
      public: publicRoot,
    });
    for (const { vault, name, targets } of certificates) {
      for (const target of targets) this.#certificateOfTarget.set(labelOf(target), `${vault}/${name}`);
    }
    ground.watchers.push({
      row: (_before, { vault, name, renewalId }) => {
        if (renewalId !== undefined) this.#certificateOfRenewal.set(renewalId, `${vault}/${name}`);
      },
      order: (_before, { renewalId, reference = '' }) => {
        if (!this.renewalOfOrder.has(reference)) this.renewalOfOrder.set(reference, renewalId);
      },
    });
    ground.watchers.push({
      change: (change) => {
        // What was purged has never ended as far as the app can know: its row is open, and it begins again.
        if (change.change === 'purge') this.endedRenewals.delete(change.id);
        if (change.change !== 'turn' || !this.isRenewal(change.id) || change.output === undefined) return;
        this.endedRenewals.add(change.id);
      },
    });
    cloud.appService.watch((site, binding) => this.see('binding', site, binding));
    this.#begin();
    this.#hub = openHub(this, this.hubStore, (hub) => workerFor(this, hub));
  }

  static async create(options: WorldOptions): Promise<World> {
    const ground = new Ground(options);
    const { dice, clock } = ground;
    const certificates = drawCertificates(dice, START);
    const cloud = await createCloud({
      dice,
      clock,
      certificates,
      onVaultEvent: (event) => ground.onVaultEvent(event),
      keys: ground.keys,
      faults: ground.faults,
    });
    return new World(ground, certificates, { cloud, tamper: options.tamper });
  }

  get dice(): Ground['dice'] {
    return this.ground.dice;
  }

  get clock(): Ground['clock'] {
    return this.ground.clock;
  }

  get faults(): Ground['faults'] {
    return this.ground.faults;
  }

  /** The app's own clock, which may be wrong. */
  get appClock(): Clock {
    return { now: () => new Date(this.clock.milliseconds + this.skew) };
  }

  /** `undefined` while the host is down. */
  get hub(): Hub | undefined {
    return this.#hub;
  }

  trace(line: () => string): void {
    this.ground.trace(line);
  }

  see<S extends Sight>(sight: S, ...what: Parameters<Sightings[S]>): void {
    this.ground.see(sight, ...what);
  }

  /** An effect at which the process may die: before it, or after it, so that nobody hears of it. */
  async crashable<T>(line: Line, where: string, effect: () => Promise<T>): Promise<T> {
    const all = this.faults.strikes('host.crash-all', where);
    if (!all && !this.faults.strikes('host.crash', where)) return await effect();
    if (this.dice.chance('crash before', 0.5)) {
      this.crash(line, all);
      return new Promise(() => undefined);
    }
    const answer = await effect();
    this.crash(line, all);
    return line.isAlive ? answer : new Promise(() => undefined);
  }

  /** Ends the life of the worker, and with `all` the host's as well. Both come again. */
  crash(line: Line, all: boolean): void {
    if (this.life?.line !== line) return;
    this.#end(line, all);
    this.clock.after(this.dice.scale('restart', 200, 300_000), () => {
      if (!this.#isStopped) this.#startAll();
    });
  }

  /** Ends worker and host, which stay away until somebody starts them again. */
  stop(): void {
    this.#isStopped = true;
    if (this.life !== undefined) this.#end(this.life.line, true);
  }

  startAgain(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#startAll();
  }

  #end(line: Line, all: boolean): void {
    this.trace(() => `end of life ${line.life}${all ? ' and of its host' : ''}`);
    this.life = undefined;
    line.cut();
    if (!all) return;
    this.#hub?.kill();
    this.#hub = undefined;
  }

  #startAll(): void {
    if (this.life === undefined) this.#begin();
    if (this.#hub !== undefined) return;
    this.see('reopened');
    this.#hub = openHub(this, this.hubStore, (hub) => workerFor(this, hub));
  }

  #begin(): void {
    this.#lives += 1;
    const line = new Line(this, this.#lives);
    this.trace(() => `life ${line.life} begins`);
    this.life = { line, app: this.#tamper(createApp(this, line)) };
  }

  certificateOfRenewal(renewalId: string): string | undefined {
    return this.#certificateOfRenewal.get(renewalId);
  }

  isRenewal(instanceId: string): boolean {
    return this.#certificateOfRenewal.has(instanceId);
  }

  /** Ids of all renewals that were ever claimed. */
  renewals(): Iterable<string> {
    return this.#certificateOfRenewal.keys();
  }

  /** Of an ARM resource, by the site's, the machine's or the resource's name in its path. */
  certificateOfTarget(path: string): string | undefined {
    const names = path.split('/').map((part) => this.#certificateOfTarget.get(part));
    return names.find((name) => name !== undefined);
  }

  /** `vault/certificate` that a DNS name is a name of. */
  certificateOfHost(host: string): string | undefined {
    const [label = ''] = host.split('.');
    const named = this.certificates.find(({ name }) => name === label);
    return named === undefined ? this.#certificateOfTarget.get(label) : `${named.vault}/${named.name}`;
  }

  /** `vault/certificate` as the estate has it. */
  certificate(id: string): SimCertificate | undefined {
    return this.certificates.find(({ vault, name }) => `${vault}/${name}` === id);
  }

  served(target: SimTarget): readonly X509Certificate[] | undefined {
    return servedNow(this, target);
  }

  isReadOnly(host: string): boolean {
    return this.readOnlyHosts.has(host);
  }

  /** After a merge the vault may show the version before it, for a while. */
  startLag(url: URL, answer: EmulatorResponse): void {
    const until = this.clock.milliseconds + this.dice.scale('lag', 100, 20_000);
    this.#lagUntil.set(`${url.origin}${url.pathname}`.toLowerCase(), { answer, until });
  }

  laggingAnswer(url: URL): EmulatorResponse | undefined {
    const lag = this.#lagUntil.get(`${url.origin}${url.pathname}`.toLowerCase());
    return lag !== undefined && this.clock.milliseconds < lag.until ? lag.answer : undefined;
  }
}
