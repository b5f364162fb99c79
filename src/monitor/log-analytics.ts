import type { HttpClient, PipelinePolicy } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { LogsQueryClient } from '@azure/monitor-query-logs';
import { z } from 'zod';
import { noRedirects } from '../azure/no-redirects.ts';
import type { Clock } from '../clock.ts';
import { isLoopback } from '../config/loopback.ts';
import { RenewalError } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { logError } from './log-error.ts';
import type { Announcement, AuditLog, Reader, SecretCaller, Window } from './port.ts';
import { announcementsQuery, loggedVaultsQuery, readersQuery, secretCallersQuery } from './queries.ts';

export interface LogAnalyticsOptions {
  /** Without a path: `https://api.loganalytics.azure.com`. */
  readonly endpoint: string;
  /** GUID of the workspace, its "workspace ID" in the portal. */
  readonly workspace: string;
  readonly credential: TokenCredential;
  readonly clock: Clock;
  /** PEM of a CA that the endpoint is trusted by. */
  readonly tls?: { readonly ca: string };
  /** Takes the place of the network. */
  readonly httpClient?: HttpClient;
  /** Wait before the first repeat of a query that got no answer or a server error. */
  readonly retryMilliseconds?: number;
  /** A query ends after this time, repeats included. */
  readonly callSeconds?: number;
}

const PUBLIC_CLOUD = 'https://api.loganalytics.azure.com';
const CALL_SECONDS = 60;
/** What the service may take for a query; the audit of a month of one vault takes a second or two. */
const SERVER_SECONDS = 30;
/** A longer wait is told to whoever asked: the timer comes again, and a person is not kept waiting. */
const LONGEST_WAIT_SECONDS = 5;

/** The audit log in a Log Analytics workspace: the table AZKVAuditLogs. `AzureDiagnostics` is not read. */
export function createLogAnalytics(options: LogAnalyticsOptions): AuditLog {
  let made: Promise<LogsQueryClient> | undefined;
  const ask = async <T>(query: string, window: Window, shape: z.ZodType<T>): Promise<readonly T[]> => {
    made ??= clientOf(options);
    return rowsOf(await made, { options, query, window }).then((rows) => rows.map((row) => read(shape, row)));
  };
  return {
    announcements: async (window) => {
      const found = await ask(announcementsQuery, window, announcementShape);
      return found.filter((one) => one !== undefined);
    },
    loggedVaults: (window, resourceId) => ask(loggedVaultsQuery(resourceId), window, loggedShape),
    readers: (of, window, limit) => ask(readersQuery(of, limit), window, readerShape),
    secretCallers: (window, limit) => ask(secretCallersQuery(limit), window, secretCallerShape),
  };
}

/** The client is loaded at its first use: most starts of the app ask nothing of the log. */
async function clientOf({ endpoint, credential, clock, ...options }: LogAnalyticsOptions): Promise<LogsQueryClient> {
  const { LogsQueryClient } = await import('@azure/monitor-query-logs');
  const { tls, httpClient, retryMilliseconds = 1000, callSeconds = CALL_SECONDS } = options;
  return new LogsQueryClient(credential, {
    ...noRedirects,
    endpoint: `${endpoint}/v1`,
    credentials: { scopes: [`${audienceOf(endpoint)}/.default`] },
    retryOptions: { maxRetries: 2, retryDelayInMs: retryMilliseconds },
    additionalPolicies: [
      { policy: timeLimit(callSeconds), position: 'perCall' },
      { policy: impatience(clock), position: 'perRetry' },
    ],
    ...(tls && { tlsOptions: { ca: tls.ca } }),
    ...(httpClient && { httpClient }),
  });
}

/** Each cloud's API is its own audience; the stand's, on loopback, is that of the public cloud. */
function audienceOf(endpoint: string): string {
  return isLoopback(new URL(endpoint).hostname) ? PUBLIC_CLOUD : endpoint;
}

interface Asked {
  readonly options: LogAnalyticsOptions;
  readonly query: string;
  readonly window: Window;
}

/** Rows by the names of their columns. A part of an answer is none: what is missing may be what was asked for. */
async function rowsOf(
  client: LogsQueryClient,
  { options, query, window }: Asked,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { workspace, clock } = options;
  const span = { startTime: window.from, endTime: window.to };
  try {
    const answer = await client.queryWorkspace(workspace, query, span, { serverTimeoutInSeconds: SERVER_SECONDS });
    if (!('tables' in answer)) {
      throw new RenewalError(
        'log-unreachable',
        `log-analytics: only a part of the answer came: workspace=${workspace}`,
      );
    }
    const [table] = answer.tables;
    const names = table?.columnDescriptors.map(({ name }) => name ?? '') ?? [];
    return (table?.rows ?? []).map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
  } catch (error) {
    throw logError(error, workspace, clock.now());
  }
}

function read<T>(shape: z.ZodType<T>, row: unknown): T {
  const parsed = shape.safeParse(row);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RenewalError('log-unreachable', `log-analytics: an answer has other columns than asked for: ${wrong}`);
}

const moment = z.date().transform((date) => date.toISOString());
const lowerCase = z.string().transform((text) => text.toLowerCase());
const OBJECT = /\/certificates\/([0-9A-Za-z-]{1,127})\/([0-9a-fA-F]{32})$/;

/** Of an object that is no version of a certificate nothing follows. */
const announcementShape = z
  .object({ at: moment, resource: lowerCase, object: z.string() })
  .transform(({ at, resource: resourceId, object }): Announcement | undefined => {
    const [, certificate, version] = OBJECT.exec(object) ?? [];
    if (certificate === undefined || version === undefined) return undefined;
    return { resourceId, at, certificate, version: version.toLowerCase() };
  });

const loggedShape = z
  .object({ resource: lowerCase, firstAt: moment, lastAt: moment })
  .transform(({ resource: resourceId, firstAt, lastAt }) => ({ resourceId, firstAt, lastAt }));

/** What people sent to a vault to be logged is cut, as all words of others are. */
const claim = z.string().transform((text) => text.slice(0, 200));
const readerShape = z
  .object({ objectId: claim, applicationId: claim, person: claim, address: claim })
  .extend({ reads: z.int(), firstAt: moment, lastAt: moment })
  .transform(({ objectId, applicationId, person, ...rest }): Reader => {
    const who = Object.entries({ objectId, applicationId, person }).filter(([, text]) => text !== '');
    return { ...Object.fromEntries(who), ...rest };
  });

const secretCallerShape = z
  .object({ resource: lowerCase, secret: claim, objectId: claim, applicationId: claim, person: claim })
  .extend({ reads: z.int(), lastAt: moment })
  .transform(({ resource: resourceId, secret: name, objectId, applicationId, person, ...rest }): SecretCaller => {
    const who = Object.entries({ objectId, applicationId, person }).filter(([, text]) => text !== '');
    return { resourceId, name, ...Object.fromEntries(who), ...rest };
  });

/** The client takes no signal by itself. */
function timeLimit(seconds: number): PipelinePolicy {
  return {
    name: 'perennialTimeLimit',
    sendRequest(request, next) {
      request.abortSignal = AbortSignal.timeout(seconds * 1000);
      return next(request);
    },
  };
}

/**
 * Without it the client would sleep as long as `Retry-After` asks, and fail to read a redirect, whose status would be lost
 * with that.
 */
function impatience(clock: Clock): PipelinePolicy {
  return {
    name: 'perennialImpatience',
    async sendRequest(request, next) {
      const response = await next(request);
      const { status, headers } = response;
      if (status >= 300 && status < 400) {
        throw new RenewalError('log-refused', `log-analytics: an answer points elsewhere: status=${status}`);
      }
      if (status !== 429 && status !== 503) return response;
      const wait = retryAfterSeconds(headers.get('retry-after'), clock.now());
      if (wait === undefined || wait <= LONGEST_WAIT_SECONDS) return response;
      const code = status === 429 ? 'log-throttled' : 'log-unreachable';
      throw new RenewalError(code, `log-analytics: told to wait: status=${status}, seconds=${wait}`, {
        retryAfterSeconds: wait,
      });
    },
  };
}
