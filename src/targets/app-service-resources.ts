import { z } from 'zod';
import type { Arm, ArmWrite } from '../azure/arm.ts';
import { resourceGroupOf } from '../azure/arm-id.ts';
import { RenewalError } from '../errors.ts';
import type { AppServiceTarget } from '../plan/targets/app-service.ts';

/** The parts of App Service's resources that are read here; what Azure sends besides is let through. */
const siteShape = z.looseObject({
  properties: z.looseObject({
    serverFarmId: z.string().nullish(),
    hostingEnvironmentProfile: z.looseObject({ id: z.string().nullish() }).nullish(),
  }),
});

const certificateShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({
    thumbprint: z.string().nullish(),
    keyVaultId: z.string().nullish(),
    keyVaultSecretName: z.string().nullish(),
    keyVaultSecretStatus: z.string().nullish(),
    serverFarmId: z.string().nullish(),
    webSpace: z.string().nullish(),
  }),
});

const bindingShape = z.looseObject({
  properties: z.looseObject({ thumbprint: z.string().nullish(), sslState: z.string().nullish() }),
});

export type Site = z.infer<typeof siteShape>;
/** A Microsoft.Web/certificates resource: App Service's own copy of a vault's certificate. */
export type SiteCertificate = z.infer<typeof certificateShape>;
export type HostNameBinding = z.infer<typeof bindingShape>;

/** App Service's resources of one target. Reads answer `undefined` for what is not there. */
export interface AppServiceResources {
  site(target: AppServiceTarget): Promise<Site | undefined>;
  certificate(target: AppServiceTarget): Promise<SiteCertificate | undefined>;
  /** All certificate resources of the resource group that `certificate` is in. */
  neighbours(certificate: SiteCertificate): Promise<readonly SiteCertificate[]>;
  /** Writes the resource as it is: App Service then reads the vault again and moves the bindings. */
  synchronize(certificate: SiteCertificate): Promise<SiteCertificate>;
  binding(target: AppServiceTarget): Promise<HostNameBinding | undefined>;
  bind(target: AppServiceTarget, binding: HostNameBinding, thumbprint: string): Promise<HostNameBinding>;
}

export function appServiceResources(arm: Arm): AppServiceResources {
  const site = async (target: AppServiceTarget) => read(siteShape, await arm.get(target.site), target.site);
  const bindingId = ({ site, hostName }: AppServiceTarget): string => `${site}/hostNameBindings/${hostName}`;
  return {
    site,
    async certificate(target) {
      for (const group of groupsOf(target, await site(target))) {
        const id = `${group}/providers/Microsoft.Web/certificates/${target.certificateResource}`;
        const certificate = read(certificateShape, await arm.get(id), id);
        if (certificate !== undefined) return certificate;
      }
      return undefined;
    },
    async neighbours({ id }) {
      const found: SiteCertificate[] = [];
      for await (const member of arm.list(`${resourceGroupOf(id)}/providers/Microsoft.Web/certificates`)) {
        const certificate = certificateShape.safeParse(member).data;
        if (certificate !== undefined) found.push(certificate);
      }
      return found;
    },
    synchronize: async (certificate) =>
      finished(certificateShape, await arm.put(certificate.id, bodyOf(certificate)), certificate.id),
    binding: async (target) => read(bindingShape, await arm.get(bindingId(target)), bindingId(target)),
    bind: async (target, { properties }, thumbprint) => {
      const sslState = properties.sslState === 'IpBasedEnabled' ? 'IpBasedEnabled' : 'SniEnabled';
      const body = { properties: { ...properties, sslState, thumbprint } };
      return finished(bindingShape, await arm.put(bindingId(target), body), bindingId(target));
    },
  };
}

/** Certificates live in the resource group of the webspace, that is the plan's; most often it is the site's as well. */
function groupsOf({ site }: AppServiceTarget, found: Site | undefined): readonly string[] {
  const groups = [site, found?.properties.serverFarmId ?? site].map((id) => resourceGroupOf(id)?.toLowerCase());
  return [...new Set(groups)].filter((group) => group !== undefined);
}

/** The PUT of a certificate resource replaces it whole: all that was set by somebody is sent again. */
function bodyOf({ location, tags, properties }: SiteCertificate): unknown {
  const { keyVaultId, keyVaultSecretName, serverFarmId } = properties;
  const plan = serverFarmId ? { serverFarmId } : {};
  return { location, ...(tags && { tags }), properties: { keyVaultId, keyVaultSecretName, ...plan, password: '' } };
}

function read<T>(shape: z.ZodType<T>, body: unknown, id: string): T | undefined {
  return body === undefined ? undefined : checked(shape, body, id);
}

function finished<T>(shape: z.ZodType<T>, write: ArmWrite, id: string): T {
  if (write.state === 'done') return checked(shape, write.body, id);
  const { retryAfterSeconds } = write;
  // App Service answers at once; should that change, the repeat of the same step finds what the operation has done.
  throw new RenewalError('arm-throttled', `app-service: write is still running: ${id}`, { retryAfterSeconds });
}

function checked<T>(shape: z.ZodType<T>, body: unknown, id: string): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RenewalError('arm-unreachable', `app-service: answer lacks ${wrong}: ${id}`);
}
