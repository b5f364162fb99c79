import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { resourceNotFound, webError } from './answers.ts';
import type { AppService } from './app-service.ts';
import type { CertificateResource, ImportRefusal, ImportRequest } from './app-service-types.ts';
import { type ArmRequest, type ArmRoute, member, textMember } from './request.ts';
import { certificateShape } from './shapes.ts';

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}';
const TYPE = 'providers/microsoft.web/certificates';

/** Microsoft.Web/certificates: imports from a vault. All of them answer at once, none is a long-running operation. */
export function certificateRoutes(appService: AppService): readonly ArmRoute[] {
  const find = ({ path, parameters }: ArmRequest, act: (found: CertificateResource) => EmulatorResponse) => {
    const found = appService.certificate(path);
    return found === undefined
      ? resourceNotFound('Microsoft.Web/certificates', parameters.name ?? '', parameters.group ?? '')
      : act(found);
  };
  const list = (within: string): EmulatorResponse => {
    const found = appService.certificates().filter(({ resourceId }) => isWithin(resourceId, within));
    return jsonResponse(200, { value: found.map(certificateShape), nextLink: null, id: null });
  };
  const named = `${GROUP}/${TYPE}/{name}`;
  const read = 'Microsoft.Web/certificates/read';
  const write = 'Microsoft.Web/certificates/write';

  return [
    {
      method: 'GET',
      template: `/subscriptions/{subscription}/${TYPE}`,
      action: read,
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}`),
    },
    {
      method: 'GET',
      template: `${GROUP}/${TYPE}`,
      action: read,
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}/resourceGroups/${parameters.group}`),
    },
    {
      method: 'GET',
      template: named,
      action: read,
      run: (request) => find(request, (found) => jsonResponse(200, certificateShape(found))),
    },
    { method: 'PUT', template: named, action: write, run: (request) => put(appService, request) },
    {
      method: 'DELETE',
      template: named,
      action: 'Microsoft.Web/certificates/delete',
      run: ({ path }) => remove(appService, path),
    },
  ];
}

async function put(appService: AppService, request: ArmRequest): Promise<EmulatorResponse> {
  const wanted = readImport(request);
  if ('missing' in wanted) {
    return webError(400, 'BadRequest', `The parameter ${wanted.missing} has an invalid value.`);
  }
  const { serverFarmId } = wanted;
  const forbidden = serverFarmId && request.demand('Microsoft.Web/serverfarms/join/action', serverFarmId);
  if (forbidden) return forbidden;
  const result = await appService.importCertificate(wanted);
  return result.state === 'imported'
    ? jsonResponse(200, certificateShape(result.certificate))
    : webError(400, 'BadRequest', importRefusals[result.reason](wanted));
}

function readImport({ path, body }: ArmRequest): ImportRequest | { readonly missing: string } {
  const properties = member(body, 'properties');
  const location = textMember(body, 'location');
  const keyVaultId = textMember(properties, 'keyVaultId');
  const keyVaultSecretName = textMember(properties, 'keyVaultSecretName');
  const serverFarmId = textMember(properties, 'serverFarmId');
  if (location === undefined) return { missing: 'location' };
  if (keyVaultId === undefined || !isResourceId(keyVaultId)) return { missing: 'Properties.KeyVaultId' };
  if (keyVaultSecretName === undefined) return { missing: 'Properties.KeyVaultSecretName' };
  if (serverFarmId !== undefined && !isResourceId(serverFarmId)) return { missing: 'Properties.ServerFarmId' };
  return { resourceId: path, location, keyVaultId, keyVaultSecretName, serverFarmId, tags: readTags(body) };
}

function readTags(body: unknown): Record<string, string> {
  const entries = Object.entries(member(body, 'tags') ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The first text is Azure's own; of the others only the status is known. */
const importRefusals: Record<ImportRefusal, (wanted: ImportRequest) => string> = {
  'vault-forbidden': ({ keyVaultId }) =>
    `The service does not have access to '${keyVaultId.toLowerCase()}' Key Vault. Please make sure that you have ` +
    'granted necessary permissions to the service to perform the request operation.',
  'vault-unknown': ({ keyVaultId }) => `Key Vault '${keyVaultId.toLowerCase()}' was not found.`,
  'secret-unknown': ({ keyVaultSecretName }) => `Key Vault secret '${keyVaultSecretName}' was not found.`,
  'not-pkcs12': ({ keyVaultSecretName }) =>
    `Key Vault secret '${keyVaultSecretName}' is not of type application/x-pkcs12.`,
  unreadable: ({ keyVaultSecretName }) =>
    `Key Vault secret '${keyVaultSecretName}' holds no certificate with an exportable private key.`,
  'key-not-allowed': () => 'The private key must be RSA of at least 2048 bits, or EC.',
  'no-server-auth': () => 'The certificate is not meant for server authentication (1.3.6.1.5.5.7.3.1).',
};

function remove(appService: AppService, path: string): EmulatorResponse {
  const ends: Record<ReturnType<AppService['removeCertificate']>, () => EmulatorResponse> = {
    removed: () => ({ status: 200, headers: {} }),
    unknown: () => ({ status: 204, headers: {} }),
    bound: () => webError(409, 'Conflict', 'The certificate is used by a host name binding.'),
  };
  return ends[appService.removeCertificate(path)]();
}

function isWithin(resourceId: string, scope: string): boolean {
  return resourceId.toLowerCase().startsWith(`${scope.toLowerCase()}/`);
}

function isResourceId(text: string): boolean {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+\/[^/]+\/[^/]+$/i.test(text);
}
