import { z } from 'zod';
import type { AccessControl } from '../access.ts';
import type { StandClock } from '../clock.ts';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { VaultEvent } from '../events/types.ts';
import type { ApiVersion } from './api-versions.ts';
import type { AuditRecord } from './audit.ts';
import type { Chance } from './chance.ts';
import { badParameter } from './errors.ts';
import type { KeyPool } from './keys.ts';
import type { Provider } from './provider.ts';
import type { CertificateRecord } from './records.ts';
import type { VaultState } from './state.ts';
import type { Throttling, Transaction } from './throttle.ts';

export interface VaultOptions {
  /** 3 to 24 characters. */
  readonly name: string;
  /** ARM id: the scope that roles are checked at, and the events' topic. */
  readonly resourceId: string;
  /** Without trailing slash. Ids of objects begin with it. */
  readonly uri: string;
  readonly access: AccessControl;
  readonly clock: StandClock;
  readonly events?: (event: VaultEvent) => void;
  /** Takes the audit log; absent: none is kept. */
  readonly audit?: (record: AuditRecord) => void;
  /** GUID, for the challenge. */
  readonly tenantId?: string;
  readonly region?: string;
  readonly keyPool?: KeyPool;
  /** 7 to 90. */
  readonly retentionDays?: number;
  readonly purgeProtection?: boolean;
  /** How the vault asks who may do what; only the words of a 403 differ. Roles by default. */
  readonly permissions?: 'roles' | 'access-policies';
  /** Who issues for named issuers; a CA in memory by default. */
  readonly provider?: Provider;
  /** Absent: nobody is throttled. `{}` are the published limits. */
  readonly throttling?: Throttling;
  /** Numbers in [0, 1). With a seeded one, the same clock and the same keys the vault repeats itself byte by byte. */
  readonly random?: () => number;
  /** Rounds of key derivation in PKCS#12 secrets; as many as Windows takes by default. */
  readonly pfxRounds?: number;
}

/** What every operation works with. */
export interface VaultContext {
  readonly options: VaultOptions;
  readonly state: VaultState;
  readonly chance: Chance;
  readonly provider: Provider;
  now(): Date;
  /** Like the clock's `at`, and taken back when the vault is stopped. */
  at(due: Date, wake: () => void): () => void;
  raise(event: VaultEvent): void;
  /** Lets a transaction in, or throws Azure's 429. */
  charge(transaction: Transaction): void;
  /** To be called when a certificate has a new version or policy: when its lifetime action is due may have changed. */
  watchLifetime(record: CertificateRecord): void;
}

/** One authorised request, taken apart. */
export interface Call {
  readonly vault: VaultContext;
  /** Empty where the route has no name. */
  readonly name: string;
  /** Empty: the newest. */
  readonly version: string;
  readonly query: URLSearchParams;
  readonly apiVersion: ApiVersion;
  /** As the client sent it. */
  readonly path: string;
  /** JSON, or `undefined`. */
  readonly body: unknown;
}

export type Operation = (call: Call) => EmulatorResponse | Promise<EmulatorResponse>;

export const tagsInput = z.record(z.string(), z.string());
export const attributesInput = z.object({ enabled: z.boolean() }).partial();

/** Reads the body, or throws `BadParameter`. A `null` member counts as left out. */
export function readBody<T>(schema: z.ZodType<T>, { body }: Call): T {
  const read = schema.safeParse(withoutNulls(body ?? {}));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const property = issue?.path.join('.') ?? '';
  throw badParameter(
    property === ''
      ? 'The request body is not valid.'
      : `Property ${property} has invalid value. ${issue?.message}\r\n`,
  );
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

export const ok = (body: object, headers: Record<string, string> = {}): EmulatorResponse =>
  jsonResponse(200, body, headers);

export const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
export const later = (date: Date, secondsLater: number): Date => new Date(date.getTime() + secondsLater * 1000);
