import { X509Certificate } from 'node:crypto';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { CertificateRow, OrderRow } from '../../../src/estate/port.ts';
import { ACME_ORIGIN } from '../world/estate.ts';
import type { SeenRequest, Sightings } from '../world/sightings.ts';
import type { World } from '../world/world.ts';

/** What a call of the app to a vault was for. */
export interface VaultMutation {
  readonly kind: 'create' | 'discard' | 'cancel' | 'merge' | 'tag' | 'disable';
  /** `vault/certificate` */
  readonly certificate: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The call as a change that the app made to a certificate; `undefined` for everything else. */
export function vaultMutation({ method, url, status, body, requestBody }: SeenRequest): VaultMutation | undefined {
  const [, collection, name = '', verb = '', act] = url.pathname.split('/');
  if (method === 'GET' || status >= 300 || collection !== 'certificates') return undefined;
  const certificate = `${url.host.split('.')[0]}/${name}`;
  const made = { certificate, body: (body === '' ? {} : JSON.parse(body)) as Record<string, unknown> };
  if (verb === 'create') return { kind: 'create', ...made };
  if (verb === 'pending' && method === 'PATCH') return { kind: 'cancel', ...made };
  if (verb === 'pending') return { kind: act === 'merge' ? 'merge' : 'discard', ...made };
  return { kind: /"enabled":false/.test(requestBody) ? 'disable' : 'tag', ...made };
}

/** The URL of the ACME order that was finalized: from then on the CA issues. `undefined` for every other request. */
export function finalizedOrder({ method, url, status }: SeenRequest): string | undefined {
  const [, path] = /^(\/order\/[^/]+)\/finalize$/.exec(url.pathname) ?? [];
  const isTaken = method === 'POST' && status < 300 && url.origin === ACME_ORIGIN;
  return path === undefined || !isTaken ? undefined : `${ACME_ORIGIN}${path}`;
}

/** What several invariants have to remember of what was seen. */
export class Known {
  readonly rows = new Map<string, CertificateRow>();
  readonly orders = new Map<string, OrderRow>();
  /** Leaf certificates by SHA-256: those that were there first, and whatever was served or asked for since. */
  readonly leaves = new Map<string, X509Certificate>();
  /** SHA-256 of every leaf that a target was seen serving. */
  readonly served = new Map<string, Set<string>>();
  /** SHA-256 of every finished version that the app has found acceptable: of a partner inside the vault there is no merge. */
  readonly accepted = new Set<string>();
  readonly #last = new Map<string, X509Certificate>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    for (const [leaf] of world.cloud.seeded.values()) if (leaf !== undefined) this.learn(leaf);
  }

  /** The renewal that an order is on record for: the last one that has taken it up. */
  renewalOf(reference: string): string | undefined {
    const rows = [...this.orders.values()].filter((order) => order.reference === reference);
    return rows.sort((a, b) => a.createdAt.localeCompare(b.createdAt)).at(-1)?.renewalId;
  }

  learn(der: Uint8Array): X509Certificate {
    const sha256 = sha256Hex(der);
    const known = this.leaves.get(sha256) ?? new X509Certificate(der);
    this.leaves.set(sha256, known);
    return known;
  }

  sightings(): Partial<Sightings> {
    return {
      row: (_before, row) => void this.rows.set(`${row.vault}/${row.name}`, row),
      order: (_before, order) => void this.orders.set(order.renewalId, order),
      record: ({ step, kind, facts }) => {
        if (step === 'checkVersion' && kind === 'result')
          this.accepted.add((facts.version as { sha256: string }).sha256);
      },
      request: (seen) => {
        const shown = partnersVersion(this.#world, seen);
        if (shown !== undefined) this.learn(shown);
      },
      step: () => this.#look(),
    };
  }

  #look(): void {
    for (const { targets } of this.#world.certificates) {
      for (const target of targets) {
        const [leaf] = this.#world.served(target) ?? [];
        if (leaf === undefined || this.#last.get(target.id) === leaf) continue;
        this.#last.set(target.id, leaf);
        const seen = this.served.get(target.id) ?? new Set();
        const sha256 = sha256Hex(leaf.raw);
        this.served.set(target.id, seen.add(sha256));
        this.leaves.set(sha256, leaf);
      }
    }
  }
}

/** DER of a version of a partner's certificate, as the vault shows it. */
function partnersVersion(world: World, { method, url, status, body }: SeenRequest): Buffer | undefined {
  const [, collection, name = '', verb = ''] = url.pathname.split('/');
  if (method !== 'GET' || status !== 200 || collection !== 'certificates' || !/^[0-9a-f]*$/.test(verb))
    return undefined;
  if (world.certificate(`${url.host.split('.')[0]}/${name}`)?.ca !== 'partner') return undefined;
  const { cer } = JSON.parse(body) as { readonly cer?: string };
  return cer === undefined ? undefined : Buffer.from(cer, 'base64');
}

const made = new WeakMap<World, Known>();

export function knownOf(world: World): Known {
  const known = made.get(world) ?? new Known(world);
  if (!made.has(world)) world.ground.watchers.push(known.sightings());
  made.set(world, known);
  return known;
}
