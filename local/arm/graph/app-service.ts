import type { AppService } from '../app-service.ts';
import { certificateShape, siteShape } from '../shapes.ts';
import { type GraphSource, resourceOf } from './resources.ts';

/** Sites, slots and certificates of the emulated App Service, as its API shows them. */
export function appServiceSource(appService: AppService): GraphSource {
  return () => [
    ...appService.sites().map((site) => resourceOf(siteShape(site))),
    ...appService.certificates().map((certificate) => resourceOf(certificateShape(certificate))),
  ];
}
