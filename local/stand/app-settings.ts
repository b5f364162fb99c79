import { managedIdentityPath } from '../identity/identity.ts';
import type { Cloud } from './cloud.ts';

/**
 * App settings with which the app finds the cloud and the estate file: its storage by its identity, as in Azure. The
 * Functions host opens its own storage with the key.
 */
export function appSettings(cloud: Cloud, file: string, connectionString: string): Record<string, string> {
  return {
    AzureWebJobsStorage: connectionString,
    FUNCTIONS_WORKER_RUNTIME: 'node',
    NODE_EXTRA_CA_CERTS: cloud.caFile,
    IDENTITY_ENDPOINT: `${cloud.urls.identity}${managedIdentityPath}`,
    IDENTITY_HEADER: cloud.identity.secret,
    PERENNIAL_ESTATE: file,
    // A settings file of before may name the other way: an empty text takes it away.
    PERENNIAL_STORAGE_CONNECTION: '',
    PERENNIAL_TABLE_ENDPOINT: cloud.storage.tables,
    PERENNIAL_BLOB_ENDPOINT: cloud.storage.blobs,
    PERENNIAL_RENEWER_CLIENT_ID: cloud.principals.renewer.clientId,
    PERENNIAL_DEPLOYER_CLIENT_ID: cloud.principals.deployer.clientId,
    PERENNIAL_LOG_WORKSPACE: cloud.workspaceId,
    PERENNIAL_LOG_ENDPOINT: cloud.urls.logs ?? '',
    PERENNIAL_READER_CLIENT_ID: cloud.principals.reader.clientId,
    PERENNIAL_ARM_ENDPOINT: cloud.urls.arm ?? '',
    PERENNIAL_VERIFY_VAULT_CHALLENGE: 'false',
    PERENNIAL_APP_NAME: 'stand',
  };
}
