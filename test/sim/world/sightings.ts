import type { HostBinding, Site } from '../../../local/arm/app-service-types.ts';
import type { VaultEvent } from '../../../local/events/types.ts';
import type { Change } from '../../../local/host/hub/instances.ts';
import type { CertificateRow, Issuance, OrderRow } from '../../../src/estate/port.ts';
import type { JournalRecord } from '../../../src/journal/port.ts';

/** A request that reached an emulator, and its answer. */
export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly requestBody: string;
  readonly status: number;
  readonly body: string;
  /** It arrived when nobody waited for it any more. */
  readonly isLate: boolean;
}

/** What can be seen of a simulated world as it happens: each invariant looks at what it needs. */
export interface Sightings {
  request(seen: SeenRequest): void;
  row(before: CertificateRow | undefined, after: CertificateRow): void;
  order(before: OrderRow | undefined, after: OrderRow): void;
  issuance(issuance: Issuance): void;
  /** The issuer is asked about an order, or (without `reference`) for one. */
  asked(renewalId: string, reference?: string): void;
  /** The issuer has said when it may be asked again. */
  putOff(renewalId: string, seconds: number): void;
  record(record: JournalRecord): void;
  /** A change of the hub, as it is applied. */
  change(change: Change): void;
  /** The hub has started again from what was durable. */
  reopened(): void;
  binding(site: Site, binding: HostBinding): void;
  vaultEvent(event: VaultEvent): void;
  /** Something asked for the time inside an orchestrator. */
  poison(what: string): void;
  /** A host was called that the estate does not know. */
  stranger(url: URL): void;
  /** After every step. */
  step(): void;
  /** Faults are over, and everything that a person would mend is mended. */
  healed(): void;
  /** The simulation has ended. */
  end(): void | Promise<void>;
}

export type Sight = keyof Sightings;
