import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { Outcome, Reason } from '../renewal/outcomes.ts';
import type { AppRows } from './app-rows.ts';
import type { AnswerRow, CertificateRow, Issuance, OrderRow, Revocation, TargetRow } from './port.ts';

/** The version of the rows' shape that this app writes and reads. */
const schema = 1;

/** A table property holds at most 64 KiB of UTF-16; longer texts go into `name_0`, `name_1`, … */
const longestText = 30_000;

/** A table key holds at most 1 KiB of UTF-16. */
const longestKey = 500;

/** The properties of a row as a table holds them. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * A table key for any text: what tables forbid in keys (`/ \ # ?` and control characters), and all else that is not
 * plain, is written as `=` and the hex of its UTF-8 bytes. Different texts have different keys.
 */
export function keyOf(text: string): string {
  const key = text.replace(/[^A-Za-z0-9._:|~-]/gu, (character) =>
    Buffer.from(character).toString('hex').replace(/../g, '=$&'),
  );
  return key.length <= longestKey ? key : `=sha256-${createHash('sha256').update(text).digest('hex')}`;
}

/** The properties that hold `row`; what is `undefined` is left out. */
export function pack(row: object): Properties {
  const properties: Record<string, unknown> = { schema };
  for (const [name, value] of Object.entries(row)) {
    const plain = Array.isArray(value) ? JSON.stringify(value) : value;
    if (typeof plain !== 'string' || plain.length <= longestText) properties[name] = plain;
    else for (let i = 0; i * longestText < plain.length; i++) properties[`${name}_${i}`] = part(plain, i);
  }
  return properties;
}

function part(text: string, index: number): string {
  return text.slice(index * longestText, (index + 1) * longestText);
}

/** The row that `properties` hold, checked. `undefined` members are not there, as in the row that was packed. */
export function unpack<T>(shape: z.ZodType<T>, properties: Properties): T {
  if (properties.schema !== schema) {
    throw new RenewalError(
      'bug',
      `estate: row has schema ${JSON.stringify(properties.schema)}, this app knows ${schema}`,
    );
  }
  const parsed = shape.safeParse(joined(properties));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RenewalError('bug', `estate: row has wrong or missing properties: ${wrong}`);
}

function joined(properties: Properties): Record<string, unknown> {
  const whole: Record<string, unknown> = { ...properties };
  for (const name of Object.keys(properties)) {
    const long = /^(.+)_0$/.exec(name)?.[1];
    if (long === undefined) continue;
    let text = '';
    for (let i = 0; typeof properties[`${long}_${i}`] === 'string'; i++) text += properties[`${long}_${i}`];
    whole[long] = text;
  }
  return whole;
}

const text = z.string();
const count = z.number().int();
// Words of a later version of the app pass: a row must stay readable when the app is rolled back.
const reason = z.custom<Reason>((value) => typeof value === 'string');
const outcome = z.custom<Outcome>((value) => typeof value === 'string');
const texts = z
  .string()
  .transform((value) => JSON.parse(value) as unknown)
  .pipe(z.array(text));

export const certificateShape: z.ZodType<CertificateRow> = z
  .object({
    vault: text,
    name: text,
    plan: text,
    owner: text,
    state: z.enum(['idle', 'renewing']),
    attempt: count,
    renewalId: text.optional(),
    startReason: reason.optional(),
    startScope: z.literal('deploy').optional(),
    requester: text.optional(),
    traceparent: text.optional(),
    dueAt: text.optional(),
    notAfter: text.optional(),
    lastAttemptAt: text.optional(),
    nextAttemptAt: text.optional(),
    failedAttempts: count,
    expectedBy: text.optional(),
    silentSince: text.optional(),
    queuedAt: text.optional(),
    windowOf: text.optional(),
    windowStart: text.optional(),
    windowEnd: text.optional(),
    windowPage: text.optional(),
    askWindowAt: text.optional(),
    expectedVersion: text.optional(),
    found: text.optional(),
    foundAfter: text.optional(),
    undeployed: text.optional(),
    lastOutcome: outcome.optional(),
    lastReason: reason.optional(),
    cancelRequested: text.optional(),
    orderToCancel: text.optional(),
  })
  .transform(withoutUndefined<CertificateRow>);

export const orderShape: z.ZodType<OrderRow> = z
  .object({
    renewalId: text,
    vault: text,
    name: text,
    issuer: text,
    csrSha256: text,
    requestId: text,
    reference: text.optional(),
    state: z.enum(['requesting', 'requested', 'submitted', 'issued', 'rejected', 'merged']),
    refused: z.literal(true).optional(),
    cancel: z.enum(['asked', 'cancelled', 'too-late']).optional(),
    cancelTries: count.optional(),
    chain: texts.optional(),
    accepted: texts.optional(),
    createdAt: text,
  })
  .transform(withoutUndefined<OrderRow>);

export const targetShape: z.ZodType<TargetRow> = z
  .object({
    certificate: text,
    targetId: text,
    kind: text,
    renewalId: text,
    servedSha256: text.optional(),
    expectedSha256: text,
    verified: z.boolean(),
    seenAt: text,
    problem: text.optional(),
  })
  .transform(withoutUndefined<TargetRow>);

export const issuanceShape: z.ZodType<Issuance> = z
  .object({
    key: text,
    renewalId: text,
    serial: text,
    toBeSigned: text,
    authority: text.optional(),
    createdAt: text,
  })
  .transform(withoutUndefined<Issuance>);

export const revocationShape: z.ZodType<Revocation> = z.object({
  authority: text,
  serial: text,
  reason: text,
  revokedAt: text,
  notAfter: text,
});

export const answerShape: z.ZodType<AnswerRow> = z
  .object({
    key: text,
    renewalId: text,
    issuer: text,
    state: z.enum(['asking', 'open', 'answered']),
    askedAt: text,
    unheard: count,
    chain: texts.optional(),
  })
  .transform(withoutUndefined<AnswerRow>);

export const appShapes: { readonly [K in keyof AppRows]: z.ZodType<AppRows[K]> } = {
  account: z.object({ account: text, keyId: text }),
  breaker: z.object({
    code: z.enum(['issuer-unreachable', 'issuer-throttled', 'none']),
    ...{ since: text, until: text, rests: count, at: text },
  }),
  authority: z.object({ lastNotAfter: text }),
  credential: z
    .object({
      lookedAt: text,
      enabled: z.boolean(),
      ...{ notBefore: text.optional(), expiresAt: text.optional(), problem: text.optional() },
    })
    .transform(withoutUndefined<AppRows['credential']>),
  heartbeat: z.object({ period: text, startedAt: text, completedAt: text }),
  lease: z.object({ owner: text, takenAt: text, expiresAt: text }),
  starts: z.object({ window: text, count }),
  sweep: z.object({ startedAt: text, completedAt: text, report: text }),
  targetGroup: z.object({ targets: text }),
  arrivals: z.object({ lastAt: text, expiryAt: text.optional() }).transform(withoutUndefined<AppRows['arrivals']>),
  eventPaths: z.object({ completedAt: text, report: text }),
  uses: z.object({ report: text }),
  usesLook: z.object({ completedAt: text, report: text }),
};

function withoutUndefined<T extends object>(row: { [name in keyof T]: T[name] | undefined }): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
}
