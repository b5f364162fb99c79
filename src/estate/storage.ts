import { TableClient } from '@azure/data-tables';
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { noRedirects } from '../azure/no-redirects.ts';

/** A storage account: by connection string (locally), or by its endpoints and the app's identity (in Azure). */
export type StorageSettings =
  | { readonly connectionString: string }
  | {
      readonly tableEndpoint: string;
      readonly blobEndpoint: string;
      readonly credential: TokenCredential;
      /** Whom to trust besides the usual authorities, as PEM: a test has a CA of its own. */
      readonly tls?: { readonly ca: string };
    };

export interface Storage {
  readonly tables: (name: string) => TableClient;
  readonly blobs: (container: string) => ContainerClient;
}

/** One attempt may not take longer: a connection that hangs is given up and tried again by the client. */
const attemptMilliseconds = 30_000;

/** Clients of one storage account, by table and container name. Nothing is created here. */
export function createStorage(settings: StorageSettings): Storage {
  const blobs = blobService(settings);
  return { tables: (name) => tableClient(settings, name), blobs: (container) => blobs.getContainerClient(container) };
}

function blobService(settings: StorageSettings): BlobServiceClient {
  const options = { ...noRedirects, retryOptions: { tryTimeoutInMs: attemptMilliseconds }, ...trustOf(settings) };
  return 'connectionString' in settings
    ? BlobServiceClient.fromConnectionString(settings.connectionString, options)
    : new BlobServiceClient(settings.blobEndpoint, settings.credential, options);
}

function tableClient(settings: StorageSettings, name: string): TableClient {
  const additionalPolicies = [{ policy: attemptTimeout, position: 'perRetry' as const }];
  const options = { ...noRedirects, additionalPolicies, ...trustOf(settings) };
  if (!('connectionString' in settings)) {
    return new TableClient(settings.tableEndpoint, name, settings.credential, options);
  }
  const { connectionString } = settings;
  const allowInsecureConnection = isLoopback(connectionString);
  return TableClient.fromConnectionString(connectionString, name, { ...options, allowInsecureConnection });
}

function trustOf(settings: StorageSettings): { readonly tlsOptions?: { readonly ca: string } } {
  return 'tls' in settings && settings.tls !== undefined ? { tlsOptions: settings.tls } : {};
}

const attemptTimeout = {
  name: 'attemptTimeout',
  sendRequest: <Request extends { timeout: number }, Response>(
    request: Request,
    next: (request: Request) => Promise<Response>,
  ): Promise<Response> => {
    request.timeout = attemptMilliseconds;
    return next(request);
  },
};

/** Without TLS only to this machine: the key of the account signs every request, but the rows travel in the clear. */
function isLoopback(connectionString: string): boolean {
  const endpoint = /(?:^|;)TableEndpoint=([^;]+)/i.exec(connectionString)?.[1];
  if (endpoint === undefined) return /(?:^|;)UseDevelopmentStorage=true/i.test(connectionString);
  return URL.canParse(endpoint) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);
}
