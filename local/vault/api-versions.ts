import { badParameter } from './errors.ts';

/** Oldest first: dates came after numbers, so that texts do not tell which is newer. */
const apiVersions = [
  '2016-10-01',
  '7.0',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '7.5',
  '7.6-preview.2',
  '7.6',
  '2025-07-01',
] as const;
export type ApiVersion = (typeof apiVersions)[number];

/** There is no default. The name of the parameter may come percent-encoded: `URLSearchParams` has decoded it. */
export function readApiVersion(query: URLSearchParams): ApiVersion {
  const version = query.get('api-version');
  if (version === null || version === '') throw badParameter('api-version must be specified');
  const known = apiVersions.find((one) => one === version);
  if (known === undefined) throw badParameter(`The specified api-version (${version}) is not supported.`);
  return known;
}

const isSince = (version: ApiVersion, first: ApiVersion): boolean =>
  apiVersions.indexOf(version) >= apiVersions.indexOf(first);

/** List items of 7.0 are older than the recovery level in them, and carry an empty subject. */
export const listsShowRecovery = (version: ApiVersion): boolean => isSince(version, '7.1');
/** `preserveCertOrder` is in the published model from 7.6 on; before, it is neither read nor shown. */
export const knowsCertificateOrder = (version: ApiVersion): boolean => isSince(version, '7.6-preview.2');
/** `uris` and `ipAddresses` among the alternative names. */
export const knowsAddressNames = (version: ApiVersion): boolean => isSince(version, '2025-07-01');
