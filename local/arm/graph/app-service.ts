import type { AppService } from '../app-service.ts';
import { certificateShape, siteShape } from '../shapes.ts';
import type { GraphResource, GraphSource } from './resources.ts';

/** Sites, slots and certificates of the emulated App Service, as its API shows them. */
export function appServiceSource(appService: AppService): GraphSource {
  return () => [
    ...appService.sites().map((site) => resourceOf(siteShape(site))),
    ...appService.certificates().map((certificate) => resourceOf(certificateShape(certificate))),
  ];
}

/** Both shapes have these members. */
function resourceOf(shape: Readonly<Record<string, unknown>>): GraphResource {
  const { id, type, location, tags, properties } = shape;
  return {
    ...{ id: String(id), type: String(type), location: String(location), properties },
    ...(tags !== undefined && { tags: tags as Readonly<Record<string, string>> }),
  };
}
