import { isLoopback } from '../src/config/loopback.ts';

/** One thing that a run has to know. */
export interface SmokeSetting {
  /** On the command line, without `--`. */
  readonly flag?: string;
  /** In the environment, and in the file that `--config` names. Outputs of the deployment have the names they have there. */
  readonly name: string;
  readonly required: boolean;
  readonly secret?: true;
  readonly meaning: string;
  /** The end of "write …". */
  readonly what: string;
  readonly valid: (text: string) => boolean;
  readonly example: string;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SITE = /^\/subscriptions\/[^/\s]+\/resourceGroups\/[^/\s]+\/providers\/Microsoft\.Web\/sites\/[\w-]+$/i;
const HOST = /^(?=.{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/i;

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);
const isUrl = (protocols: readonly string[]) => (text: string) =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).username === '';
/** A token goes there: to the service itself, or to this machine. */
const isAt = (host: RegExp) => (text: string) =>
  isUrl(['https:'])(text) && (host.test(new URL(text).hostname) || isLoopback(new URL(text).hostname));
const isWhole = (least: number, most: number) => (text: string) =>
  /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most;

/** The one table of what `npm run smoke` can be told: it makes the parser, the usage text and the table of docs/smoke.md. */
export const smokeSettings = {
  subscription: {
    ...{ flag: 'subscription', name: 'AZURE_SUBSCRIPTION', required: true, valid: matches(GUID) },
    ...{ meaning: 'Subscription of the app. Output of the deployment.', what: 'the id of a subscription (a GUID)' },
    example: '11111111-2222-3333-4444-555555555555',
  },
  subscriptions: {
    ...{ flag: 'subscriptions', name: 'SMOKE_SUBSCRIPTIONS', required: false, valid: isGuids },
    ...{
      meaning:
        'More subscriptions in which the app has roles, besides those of app, vaults and site: of a CA, for instance.',
      what: 'ids of subscriptions (GUIDs) with commas between them',
    },
    example: '66666666-7777-8888-9999-000000000000',
  },
  group: {
    ...{ flag: 'group', name: 'AZURE_RESOURCE_GROUP', required: true, valid: matches(/^[\w.()-]{1,90}$/) },
    ...{ meaning: 'Resource group of the app. Output of the deployment.', what: 'the name of a resource group' },
    example: 'rg-perennial',
  },
  appName: {
    ...{ flag: 'app', name: 'APP_NAME', required: true, valid: matches(/^[a-z0-9-]{2,60}$/i) },
    ...{ meaning: 'Name of the function app. Output of the deployment.', what: 'the name of a function app' },
    example: 'perennial-ab12cd-app',
  },
  wiring: {
    ...{ flag: 'wiring', name: 'EVENT_WIRING', required: true, valid: isObject },
    ...{
      meaning: 'Vaults, topics, dead letters. Output of the deployment.',
      what: 'the JSON of the output EVENT_WIRING',
    },
    example: '{"functionAppId":"…","vaults":[…]}',
  },
  appUrl: {
    ...{ flag: 'app-url', name: 'SMOKE_APP_URL', required: false, valid: isUrl(['https:', 'http:']) },
    ...{ meaning: 'Where the app answers; absent: `https://` and the output APP_HOST_NAME.', what: 'an https URL' },
    example: 'https://perennial-ab12cd-app.azurewebsites.net',
  },
  appHostName: {
    ...{ name: 'APP_HOST_NAME', required: false, valid: matches(HOST) },
    ...{ meaning: 'Host name of the app. Output of the deployment.', what: 'a host name' },
    example: 'perennial-ab12cd-app.azurewebsites.net',
  },
  appScope: {
    ...{ flag: 'app-scope', name: 'SMOKE_APP_SCOPE', required: false, valid: matches(/^\S{3,200}\/\.default$/) },
    ...{
      meaning: 'Scope of a token that the app asks for besides the key: with `authentication` in the deployment.',
      what: 'a scope that ends in /.default',
    },
    example: 'api://6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11/.default',
  },
  estateUrl: {
    ...{ flag: 'estate-url', name: 'SMOKE_ESTATE_URL', required: false, valid: isAt(/\.blob\.core\.windows\.net$/i) },
    ...{
      meaning: 'The blob with the estate file; absent: `config/estate.yaml` in the account RECORDS_ACCOUNT.',
      what: 'the https URL of a blob',
    },
    example: 'https://perennialab12cdrecs.blob.core.windows.net/config/estate.yaml',
  },
  recordsAccount: {
    ...{ name: 'RECORDS_ACCOUNT', required: false, valid: matches(/^[a-z0-9]{3,24}$/) },
    ...{ meaning: 'Account with the estate file. Output of the deployment.', what: 'the name of a storage account' },
    example: 'perennialab12cdrecs',
  },
  vault: {
    ...{ flag: 'vault', name: 'SMOKE_VAULT', required: false, valid: matches(/^[a-z][a-z0-9-]{1,22}[a-z0-9]$/i) },
    ...{
      meaning: 'Vault of the estate that the throw-away certificates are made in; absent: the first of the deployment.',
      what: 'the name of a vault',
    },
    example: 'contoso-web',
  },
  issuer: {
    ...{ flag: 'issuer', name: 'SMOKE_ISSUER', required: false, valid: matches(/^[\w-]{1,63}$/) },
    ...{ meaning: 'Issuer of the estate file; absent: the only vault CA there.', what: 'the name of an issuer' },
    example: 'internal',
  },
  site: {
    ...{ flag: 'site', name: 'SMOKE_SITE', required: false, valid: matches(SITE) },
    ...{
      meaning: 'App Service test site. Absent: nothing is served, and what needs a site is not looked at.',
      what: 'the ARM id of a site: /subscriptions/…/providers/Microsoft.Web/sites/…',
    },
    example: '/subscriptions/…/resourceGroups/web/providers/Microsoft.Web/sites/smoke',
  },
  hostName: {
    ...{ flag: 'host-name', name: 'SMOKE_HOST_NAME', required: false, valid: matches(HOST) },
    ...{
      meaning: 'Host name of the throw-away certificate. With a site: one that the site has a binding for.',
      what: 'a DNS host name',
    },
    example: 'smoke.contoso.example',
  },
  endpoint: {
    ...{ flag: 'endpoint', name: 'SMOKE_ENDPOINT', required: false, valid: matches(/^[\w.-]{1,253}:\d{1,5}$/) },
    ...{ meaning: 'Where the site is probed; absent: the host name, port 443.', what: 'host:port' },
    example: '10.0.0.4:443',
  },
  eventMinutes: {
    ...{ flag: 'event-minutes', name: 'SMOKE_EVENT_MINUTES', required: false, valid: isWhole(1, 1440) },
    ...{ meaning: 'How long to wait for an event of the vault (15).', what: 'a whole number from 1 to 1440' },
    example: '15',
  },
  nearExpirySeconds: {
    ...{ flag: 'near-expiry-seconds', name: 'SMOKE_NEAR_EXPIRY_SECONDS', required: false, valid: isWhole(5, 3600) },
    ...{
      meaning: 'How long after it is made the certificate comes within 30 days of its end (300).',
      what: 'a whole number from 5 to 3600',
    },
    example: '300',
  },
  arm: {
    ...{ flag: 'arm', name: 'SMOKE_ARM_ENDPOINT', required: false, valid: isAt(/^management\.azure\.com$/i) },
    ...{
      meaning: 'Azure Resource Manager; absent: the public cloud’s.',
      what: 'https://management.azure.com, or the https URL of a stand',
    },
    example: 'https://management.azure.com',
  },
  functionKey: {
    ...{ name: 'SMOKE_FUNCTION_KEY', required: false, secret: true, valid: matches(/^\S{8,200}$/) },
    ...{ meaning: 'Function key of the app; absent: it is asked of Resource Manager.', what: 'a function key' },
    example: '(of `az functionapp keys list`)',
  },
} as const satisfies Readonly<Record<string, SmokeSetting>>;

export type SettingName = keyof typeof smokeSettings;

function isGuids(text: string): boolean {
  return text.split(',').every((one) => GUID.test(one));
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
