import { z } from 'zod';
import { type Properties, unpack } from './entity.ts';
import type { Versioned } from './port.ts';

/** `closed`: cancelled, or nobody answered in time. */
export const relayedStates = ['waiting', 'issued', 'rejected', 'closed'] as const;
export type RelayedState = (typeof relayedStates)[number];

/**
 * An order that somebody carries to the CA: a person, a webhook or a worker. This row is all that there is of it until it
 * is answered, and it keeps the answer. Times are ISO 8601.
 */
export interface RelayedOrder {
  /** 160 random bits in hex: nobody finds an order by guessing. */
  readonly reference: string;
  /** Name of the issuer in the estate file. */
  readonly issuer: string;
  readonly renewalId: string;
  /** base64 of the PKCS#10 DER. */
  readonly csr: string;
  readonly validityDays: number;
  readonly state: RelayedState;
  /** base64 DERs, leaf first. */
  readonly chain?: readonly string[];
  /** Why it was rejected or closed. */
  readonly reason?: string;
  readonly createdAt: string;
  /** An answer that comes later is not taken. */
  readonly expiresAt: string;
  readonly answeredAt?: string;
  /** When the webhook took it. */
  readonly sentAt?: string;
  /** Name of the worker that has it, and has it alone. */
  readonly worker?: string;
  /** How often it was given out to be submitted anew. */
  readonly attempt?: number;
  /** What an answer has to repeat: of the last time that it was given out. */
  readonly nonce?: string;
  /** Until then the worker's answer is waited for. */
  readonly leasedUntil?: string;
  /** The CA's number of the request. */
  readonly requestId?: string;
  /** When it is given out again. */
  readonly lookAgainAt?: string;
}

/** Storage of relayed orders. Errors are those of the estate store. */
export interface RelayStore {
  /** Writes `order` if none of its issuer has its renewal and the key `keySha256`, and answers with the one that is there. */
  place(order: RelayedOrder, keySha256: string): Promise<Versioned<RelayedOrder>>;
  find(reference: string): Promise<Versioned<RelayedOrder> | undefined>;
  /** Replaces exactly the order that was read; else throws `storage-conflict`. */
  save(order: RelayedOrder, etag: string): Promise<string>;
  /** Those that wait for an answer and were placed in the month of `since` or later, of one issuer or of all. */
  waiting(since: Date, issuer?: string): AsyncIterable<Versioned<RelayedOrder>>;
}

const text = z.string();
const count = z.number().int();
const texts = z
  .string()
  .transform((value) => JSON.parse(value) as unknown)
  .pipe(z.array(text));

const shape: z.ZodType<RelayedOrder> = z
  .object({
    ...{ reference: text, issuer: text, renewalId: text, csr: text, validityDays: count },
    state: z.enum(relayedStates),
    chain: texts.optional(),
    reason: text.optional(),
    createdAt: text,
    expiresAt: text,
    answeredAt: text.optional(),
    sentAt: text.optional(),
    worker: text.optional(),
    attempt: count.optional(),
    nonce: text.optional(),
    leasedUntil: text.optional(),
    requestId: text.optional(),
    lookAgainAt: text.optional(),
  })
  .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as never);

/** The order that a table's properties hold, checked. */
export function readRelayedOrder(properties: Properties): RelayedOrder {
  return unpack(shape, properties);
}
