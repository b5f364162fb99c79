import { jsonResponse } from '../emulator.ts';
import { resourceNotFound } from './answers.ts';
import type { AppService } from './app-service.ts';
import type { Site } from './app-service-types.ts';
import type { ArmRequest, ArmRoute } from './request.ts';

const SITE = '/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.web/sites/{site}';
const COLLECTION = 'config/configreferences/appsettings';

/**
 * https://learn.microsoft.com/rest/api/appservice/web-apps/get-app-settings-key-vault-references: the settings whose value is a
 * reference to a vault, without what it refers to.
 */
export function referenceRoutes(appService: AppService): readonly ArmRoute[] {
  const run = (request: ArmRequest) => {
    const { site: name = '', slot, group = '' } = request.parameters;
    const site = appService.site(request.path.slice(0, -COLLECTION.length - 1));
    if (site === undefined) {
      return slot === undefined
        ? resourceNotFound('Microsoft.Web/sites', name, group)
        : resourceNotFound('Microsoft.Web/sites/slots', `${name}/${slot}`, group);
    }
    const value = Object.entries(site.settings)
      .filter(([, text]) => text.startsWith('@Microsoft.KeyVault'))
      .map(([setting, text]) => referenceShape(site, setting, text));
    return jsonResponse(200, { id: null, nextLink: null, value });
  };
  return [
    { template: SITE, type: 'Microsoft.Web/sites' },
    { template: `${SITE}/slots/{slot}`, type: 'Microsoft.Web/sites/slots' },
  ].map(({ template, type }) => ({
    ...{ method: 'GET', template: `${template}/${COLLECTION}`, action: `${type}/config/appsettings/read`, run },
  }));
}

const bySecretUri = /^@Microsoft\.KeyVault\(SecretUri=https:\/\/([^./]+)[^/]*\/secrets\/([^/)]+)(?:\/([^/)]*))?\/?\)$/;
const byNames = /^@Microsoft\.KeyVault\(VaultName=([^;)]+);SecretName=([^;)]+)(?:;SecretVersion=([^;)]+))?\)$/;

/** As it was recorded of App Service. A reference without a version has no `secretVersion`. */
function referenceShape(site: Site, setting: string, reference: string) {
  const [, vaultName, secretName, secretVersion] = bySecretUri.exec(reference) ?? byNames.exec(reference) ?? [];
  const id = `${site.resourceId}/${COLLECTION}/${setting}`;
  const type = 'Microsoft.Web/sites/config/configreferences';
  const shared = { activeVersion: null, reference };
  if (vaultName === undefined) {
    const properties = { ...shared, status: 'InvalidSyntax', details: 'The reference cannot be read.' };
    return { id, name: setting, type, location: site.location, properties };
  }
  const follows = site.identityId !== null;
  const properties = {
    ...shared,
    ...{ vaultName, secretName, ...(secretVersion && { secretVersion }) },
    ...{ status: follows ? 'Resolved' : 'MSINotEnabled', identityType: follows ? 'SystemAssigned' : null },
    details: follows ? 'Reference has been successfully resolved.' : 'Managed identity is not enabled.',
  };
  return { id, name: setting, type, location: site.location, properties };
}
