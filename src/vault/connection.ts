import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { CertificateClientOptions } from '@azure/keyvault-certificates';
import { noRedirects } from '../azure/no-redirects.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { answerShape } from './answer-shape.ts';
import { type VaultAction, vaultError } from './errors.ts';
import { bodilyRefusals, impatience, ownHost } from './policies.ts';

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

/** Options of a client that talks to `vault` (its https address) and to nobody else. */
export function clientOptions(connection: VaultConnection, vault: string): CertificateClientOptions {
  const { verifyChallenge, tls, httpClient, retries } = connection;
  return {
    ...noRedirects,
    disableChallengeResourceVerification: !verifyChallenge,
    additionalPolicies: [
      { policy: ownHost(vault), position: 'perRetry' },
      { policy: impatience(connection.clock), position: 'perRetry' },
      { policy: answerShape, position: 'perCall' },
      { policy: bodilyRefusals, position: 'perCall' },
    ],
    // The same object for all clients of a connection: they share the sockets of whoever has the same one.
    ...(tls && { tlsOptions: tls }),
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
