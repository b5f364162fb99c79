import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isSeq, parseDocument } from 'yaml';
import rights from '../../smoke/rights.json' with { type: 'json' };
import { azuriteAccount } from '../azurite.ts';
import { managedIdentityPath } from '../identity/identity.ts';
import { createAppClient } from './app-client.ts';
import { type AppProcess, startApp } from './app-process.ts';
import { deadLetterContainer } from './dead-letter-container.ts';
import { functionAppId, topicName } from './governance.ts';
import { type Seeded, scenarios } from './scenarios.ts';
import { writeSettings } from './settings-file.ts';
import { type Stand, startStand } from './stand.ts';
import { subscribeApp } from './subscriptions.ts';

/** The stand as a deployment that `npm run smoke` can be pointed at: it is told addresses and nothing else. */
export interface SmokeGround {
  readonly stand: Stand;
  readonly app: AppProcess;
  /** A certificate that has nothing to do with the run; its site is the test site. */
  readonly neighbour: Seeded;
  /** Options that choose the stand's multi-tenant site in place of the test site. */
  readonly multiTenant: readonly string[];
  /** For `--config`. */
  readonly configFile: string;
  /** With which the SDKs find whoever runs it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The estate file as the blob holds it now. */
  estateText(): Promise<string>;
  close(): Promise<void>;
}

/** A sweep at the full hour would be faster than the events that are looked for: the one at the start has to do. */
const NEVER_WHILE_IT_RUNS = '0 0 0 29 2 *';

/** Starts stand and app, and makes what the deployment would have made: containers, estate file, the person's rights. */
export async function openSmokeGround(options: {
  readonly directory: string;
  readonly seed: number;
  /** The built host; absent: the one beside this module, in a build. */
  readonly hostEntry?: string;
}): Promise<SmokeGround> {
  const { directory, seed, hostEntry } = options;
  const stories = scenarios.filter(({ key }) => key === 'healthy' || key === 'multi-tenant');
  const stand = await startStand({ seed, basePort: 0, directory: join(directory, 'stand'), scenarios: stories });
  let app: AppProcess | undefined;
  try {
    const config = await uploadEstate(stand);
    const settings = join(directory, 'settings.json');
    const own = { PERENNIAL_ESTATE: estateUrl(stand), PERENNIAL_SWEEP_SCHEDULE: NEVER_WHILE_IT_RUNS };
    await writeSettings({ ...stand.settings, ...own }, settings);
    app = await startApp({ app: resolve('.'), port: 0, directory: join(directory, 'host'), settings }, hostEntry);
    await subscribeApp(stand, app);
    const client = createAppClient(app.url, app.keys);
    await client.runNow('sweep');
    const neighbour = seededAs(stand, 'healthy');
    const configFile = join(directory, 'deployment.env');
    await writeFile(configFile, outputsOf(stand, app, neighbour));
    const multiTenant = Object.entries(siteOptions(stand, seededAs(stand, 'multi-tenant'))).flat();
    const parts = { stand, app, neighbour, multiTenant, configFile, environment: personOf(stand) };
    return {
      ...parts,
      estateText: async () => String(await config.downloadToBuffer()),
      async close() {
        await parts.app.stop();
        await stand.stop();
      },
    };
  } catch (error) {
    await app?.stop();
    await stand.stop();
    throw error;
  }
}

/** As the deployment makes the containers, and as an operator uploads the file. */
async function uploadEstate({ connectionString, estateFile }: Stand) {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const service = BlobServiceClient.fromConnectionString(connectionString);
  await service.getContainerClient(deadLetterContainer).create();
  const container = service.getContainerClient('config');
  await container.create();
  const blob = container.getBlockBlobClient('estate.yaml');
  const text = withoutTargets(await readFile(estateFile, 'utf8'));
  await blob.upload(text, Buffer.byteLength(text));
  return blob;
}

function seededAs({ estate }: Stand, key: Seeded['key']): Seeded {
  const found = estate.certificates.find((one) => one.key === key);
  if (found === undefined) throw new TypeError(`stand: no certificate ${key} is seeded`);
  return found;
}

/** The test site by the flags that name it. */
function siteOptions(stand: Stand, seeded: Seeded): Record<string, string> {
  const { resourceId, hostName, port } = stand.siteOf(seeded, 0);
  return { '--site': resourceId, '--host-name': hostName, '--endpoint': `127.0.0.1:${port}` };
}

/** The sites are to be test sites, which no certificate of the estate is served by. */
function withoutTargets(text: string): string {
  const document = parseDocument(text);
  const certificates = document.get('certificates');
  const count = isSeq(certificates) ? certificates.items.length : 0;
  for (let at = 0; at < count; at++) document.setIn(['certificates', at, 'targets'], document.createNode([]));
  return `# The estate of the stand.\n${document.toString({ lineWidth: 0 })}`;
}

const estateUrl = ({ settings }: Stand): string => `${settings.PERENNIAL_BLOB_ENDPOINT}/config/estate.yaml`;

/** Whoever runs it has exactly the rights that docs/smoke.md asks for. */
function personOf({ cloud }: Stand): Record<string, string> {
  const { identity, where, group, urls, caFile } = cloud;
  const clientId = randomUUID();
  const person = identity.addPrincipal({ name: 'person', clientId, objectId: randomUUID() });
  const places: Readonly<Record<string, readonly string[]>> = {
    'the subscriptions of app, vaults and site': [group.split('/').slice(0, 3).join('/')],
    'the function app': [functionAppId(cloud)],
    'the vault': where.vaults,
    'the group of the site and its plan': [group],
    'the config container': [`${where.storageAccount}/blobServices/default/containers/config`],
  };
  for (const { where: place, actions, dataActions } of rights) {
    const scopes = places[place];
    if (scopes === undefined) throw new TypeError(`stand: a right is for "${place}", which the stand does not have`);
    for (const scope of scopes) identity.assign(person.id, { scope, actions: [...actions, ...dataActions] });
  }
  return {
    IDENTITY_ENDPOINT: `${urls.identity}${managedIdentityPath}`,
    IDENTITY_HEADER: identity.secret,
    AZURE_CLIENT_ID: clientId,
    NODE_EXTRA_CA_CERTS: caFile,
  };
}

/** The outputs of the deployment, in the form in which azd keeps them, and the test site. */
function outputsOf(stand: Stand, app: AppProcess, neighbour: Seeded): string {
  const { cloud, estate } = stand;
  const { storageAccount, vaults } = cloud.where;
  const site = siteOptions(stand, neighbour);
  const wiring = {
    ...{ functionAppId: functionAppId(cloud), delivery: 'function' },
    ...{ queueAccountId: storageAccount, queueName: 'certificate-events' },
    ...{ deadLetterAccountId: storageAccount, deadLetterContainer, actionGroupIds: [] },
    vaults: vaults.map((id, index) => ({
      ...{ name: estate.vaultNames[index], subscriptionId: estate.subscription },
      ...{ resourceGroup: estate.company, topic: topicName(id) },
    })),
  };
  const values = {
    ...{ AZURE_SUBSCRIPTION: estate.subscription, AZURE_RESOURCE_GROUP: estate.company, APP_NAME: 'stand-app' },
    ...{ EVENT_WIRING: JSON.stringify(wiring), RECORDS_ACCOUNT: azuriteAccount.name },
    ...{ SMOKE_APP_URL: app.url, SMOKE_ESTATE_URL: estateUrl(stand), SMOKE_ARM_ENDPOINT: cloud.urls.arm },
    ...{ SMOKE_SITE: site['--site'], SMOKE_HOST_NAME: site['--host-name'], SMOKE_ENDPOINT: site['--endpoint'] },
    ...{ SMOKE_NEAR_EXPIRY_SECONDS: '20', SMOKE_EVENT_MINUTES: '1', SMOKE_FUNCTION_KEY: app.keys.function },
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join('');
}
