import type { HttpClient, PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { CertificateClientOptions } from '@azure/keyvault-certificates';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import { type VaultAction, vaultError } from './errors.ts';

/** How Key Vault is reached; the same for the vault and for the signer. */
export interface VaultConnection {
  readonly credential: TokenCredential;
  /** False only when every vault host is loopback: then the challenge's resource cannot match the host. */
  readonly verifyChallenge: boolean;
  readonly clock: Clock;
  /** PEM of the authority to trust instead of the public ones. */
  readonly tls?: { readonly ca: string };
  /** In place of Node's: a simulation hands the emulator itself. */
  readonly httpClient?: HttpClient;
  /** The client's own retries. */
  readonly retries?: { readonly count: number; readonly firstDelayMilliseconds: number };
  /** A call ends after this time, the client's own retries included. */
  readonly callSeconds?: number;
}

const CALL_SECONDS = 30;

/** A wait that is longer belongs to the durable timer of the orchestration, not to a client that sleeps. */
const LONGEST_WAIT_SECONDS = 5;

export function clientOptions(connection: VaultConnection): CertificateClientOptions {
  const { verifyChallenge, tls, httpClient, retries } = connection;
  return {
    disableChallengeResourceVerification: !verifyChallenge,
    additionalPolicies: [
      { policy: impatience(connection.clock), position: 'perRetry' },
      { policy: bodilyRefusals, position: 'perCall' },
    ],
    ...(tls && { tlsOptions: { ca: tls.ca } }),
    ...(httpClient && { httpClient }),
    ...(retries && {
      retryOptions: { maxRetries: retries.count, retryDelayInMs: retries.firstDelayMilliseconds },
    }),
  };
}

/** Runs one call of a client within the time limit, and turns what it throws into a `RenewalError`. */
export async function attempt<T>(
  connection: VaultConnection,
  at: VaultAction,
  call: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await call(AbortSignal.timeout((connection.callSeconds ?? CALL_SECONDS) * 1000));
  } catch (error) {
    throw vaultError(error, at, connection.clock.now());
  }
}

/** The vault's address as the clients want it. A token is never sent without TLS. */
export function vaultUrl(vault: string): string {
  const url = URL.canParse(vault) ? new URL(vault) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new RenewalError(
      'vault-refused',
      `key-vault: not the https address of a vault: vault=${vault.slice(0, 200)}`,
    );
  }
  return url.origin;
}

/** Without it the client would sleep as long as `Retry-After` asks, and the time limit would hide how long that is. */
function impatience(clock: Clock): PipelinePolicy {
  return {
    name: 'perennialImpatience',
    async sendRequest(request, next) {
      const response = await next(request);
      const wait = throttled(response) ? waitSeconds(response, clock.now()) : undefined;
      if (wait === undefined || wait <= LONGEST_WAIT_SECONDS) return response;
      const { status } = response;
      const message = `key-vault: told to wait: vault=${new URL(request.url).origin}, status=${status}, seconds=${wait}`;
      throw new RenewalError(status === 429 ? 'vault-throttled' : 'vault-unreachable', message, {
        retryAfterSeconds: wait,
      });
    },
  };
}

function throttled({ status }: PipelineResponse): boolean {
  return status === 429 || status === 503;
}

function waitSeconds({ headers }: PipelineResponse, now: Date): number | undefined {
  return retryAfterSeconds(headers.get('retry-after'), now);
}

/** The client fails to read a refusal that has no body, as gateways send them, and its status is lost with that. */
const bodilyRefusals: PipelinePolicy = {
  name: 'perennialBodilyRefusals',
  async sendRequest(request, next) {
    const response = await next(request);
    return response.status >= 400 && !response.bodyAsText ? { ...response, bodyAsText: '{}' } : response;
  },
};
