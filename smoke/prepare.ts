import { sameId } from '../src/azure/arm-id.ts';
import type { Target } from '../src/plan/targets/target.ts';
import type { Estate, EstateVault } from '../src/plan/types.ts';
import type { App } from './app.ts';
import type { Arm } from './arm.ts';
import { InterruptedError, messageOf, SmokeError, UsageError } from './errors.ts';
import type { EstateBlob } from './estate.ts';
import { at, textAt } from './json.ts';
import type { Config } from './options.ts';
import { saidBy } from './rest.ts';
import type { VaultDoor } from './vault.ts';

/** Everything that a run stands on, asked for and found. Nothing was changed for it. */
export interface Prepared {
  readonly estate: Estate;
  readonly vault: EstateVault;
  readonly issuer: string;
  /** Of the certificates: one that issuer and plan allow. */
  readonly keyType: string;
  /** The life that is asked of the issuer. */
  readonly validityDays: number;
  readonly hostName: string;
  readonly site?: Site;
}

export interface Site {
  readonly id: string;
  readonly location: string;
  readonly serverFarmId: string;
  /** Where certificate resources of its webspace are: the group of its plan. */
  readonly certificates: string;
  readonly bindingId: string;
  readonly binding: { readonly sslState: string; readonly thumbprint: string | null };
  /** Serves certificates of a private CA: it is in an App Service Environment. */
  readonly isPrivate: boolean;
  readonly place: { readonly host: string; readonly port: number; readonly sni: string };
}

export interface Asked {
  readonly arm: Arm;
  readonly app: App;
  readonly estate: EstateBlob;
  readonly vault: (uri: string) => VaultDoor;
}

const USUAL_DAYS = 90;
const LEAST_DAYS = 35;

/** Asks everybody one harmless question. Throws `UsageError` with all that is in the way, before anything is made. */
export async function prepare(config: Config, asked: Asked): Promise<Prepared> {
  const problems: string[] = [];
  const tried = async <T>(what: string, fix: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      if (error instanceof UsageError) problems.push(...error.problems);
      else problems.push(`${what}: ${messageOf(error)}; ${fix}`);
      return undefined;
    }
  };
  const [found, site] = await Promise.all([
    tried(
      'estate file',
      'name its blob with --estate-url, and have the role Storage Blob Data Contributor at its container',
      () => inEstate(config, asked),
    ),
    config.site === undefined
      ? undefined
      : tried('--site', 'name a site that you may read, by its ARM id', () => siteOf(config, asked.arm)),
    tried('--app-url', 'name where the app answers, and a function key in SMOKE_FUNCTION_KEY', () =>
      answers(asked.app),
    ),
  ]);
  if (found !== undefined)
    await tried(
      '--vault',
      'have the role Key Vault Certificates Officer at the vault, and be let through its firewall',
      () => opens(asked.vault(found.vault.uri)),
    );
  if (problems.length > 0 || found === undefined) throw new UsageError(problems);
  return { ...found, ...(site !== undefined && { site }) };
}

async function inEstate(config: Config, asked: Asked): Promise<Omit<Prepared, 'site'>> {
  const { estate } = await asked.estate.read();
  const vault = estate.vaults.find(({ name }) => name.toLowerCase() === config.vault.toLowerCase());
  const problems =
    vault === undefined
      ? [
          `--vault (SMOKE_VAULT) "${config.vault}": is not in the estate file; write one of ${estate.vaults.map(({ name }) => name).join(', ')}`,
        ]
      : [];
  const names = Object.keys(estate.issuers).filter((name) => config.issuer === undefined || name === config.issuer);
  const [issuer, ...others] = names;
  if (issuer === undefined || others.length > 0) {
    const all = Object.keys(estate.issuers).join(', ');
    problems.push(`--issuer (SMOKE_ISSUER): the estate file has ${all || 'none'}; write one of them`);
  }
  const limits = issuer === undefined ? undefined : estate.issuers[issuer]?.limits;
  if (vault === undefined || issuer === undefined || limits === undefined || problems.length > 0)
    throw new UsageError(problems);
  const hostName = config.hostName ?? `smoke.${limits.dnsSuffixes[0]}`;
  if (!limits.dnsSuffixes.some((suffix) => hostName === suffix || hostName.endsWith(`.${suffix}`)))
    throw new UsageError([
      `--host-name (SMOKE_HOST_NAME) "${hostName}": ${issuer} signs for ${limits.dnsSuffixes.join(', ')}; write a name below one of them`,
    ]);
  const owner = config.site === undefined ? undefined : servedBy(estate, config.site, hostName);
  if (owner !== undefined)
    throw new UsageError([
      `--host-name (SMOKE_HOST_NAME) "${hostName}": at this site it serves ${owner} of the estate; write a name, or a site, that is for trying only`,
    ]);
  // A shorter one would end before the first version, which only a person may want.
  if (limits.maxDays < LEAST_DAYS)
    throw new UsageError([
      `--issuer (SMOKE_ISSUER) "${issuer}": signs for ${limits.maxDays} days at most, and a run needs ${LEAST_DAYS}; write another`,
    ]);
  const validityDays = Math.min(USUAL_DAYS, limits.maxDays);
  const keyType = limits.keys.find((key) => key === 'RSA-2048') ?? limits.keys[0] ?? 'RSA-2048';
  return { estate, vault, issuer, keyType, validityDays, hostName };
}

/** The certificate that the estate file has at that place already. */
function servedBy(estate: Estate, site: string, hostName: string): string | undefined {
  const isThere = (target: Target): boolean =>
    target.kind === 'app-service' && sameId(target.site, site) && target.hostName === hostName;
  return estate.certificates.find(({ targets }) => targets.some(isThere))?.name;
}

async function siteOf(config: Config, arm: Arm): Promise<Site> {
  const { site: id = '', hostName = '', endpoint } = config;
  const site = await arm.get(id);
  if (site === undefined) throw new UsageError([`--site (SMOKE_SITE): there is no ${id}; write the ARM id of a site`]);
  const bindingId = `${id}/hostNameBindings/${hostName}`;
  const binding = await arm.get(bindingId);
  if (binding === undefined)
    throw new UsageError([
      `--host-name (SMOKE_HOST_NAME) "${hostName}": the site has no binding for it; add the name to the site, or write another`,
    ]);
  const sslState = textAt(binding, 'properties', 'sslState') || 'Disabled';
  if (sslState === 'IpBasedEnabled')
    throw new UsageError([
      `--host-name (SMOKE_HOST_NAME) "${hostName}": its binding has an IP address of its own, which would change; write a name that is bound by SNI, or not at all`,
    ]);
  const serverFarmId = textAt(site, 'properties', 'serverFarmId');
  const group = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(serverFarmId || id)?.[0] ?? '';
  const { host, port } = endpoint ?? { host: hostName, port: 443 };
  return {
    ...{ id, serverFarmId, bindingId, location: textAt(site, 'location') },
    certificates: `${group}/providers/Microsoft.Web/certificates`,
    binding: { sslState, thumbprint: textAt(binding, 'properties', 'thumbprint') || null },
    isPrivate:
      typeof at(site, 'properties', 'hostingEnvironmentProfile') === 'object' &&
      at(site, 'properties', 'hostingEnvironmentProfile') !== null,
    place: { host, port, sni: hostName },
  };
}

/** Anything that the app itself says will do: whether it is well is another question. */
async function answers(app: App): Promise<void> {
  const answer = await app.health();
  if (answer.status === 401 || answer.status === 403)
    throw new SmokeError(`it refuses the key (${answer.status}); behind a sign-in it needs --app-scope as well`);
  if (answer.status !== 200 && answer.status !== 503) throw new SmokeError(`GET /api/health: ${saidBy(answer)}`);
}

async function opens(vault: VaultDoor): Promise<void> {
  await vault.need('GET', '/certificates?maxresults=1');
}
