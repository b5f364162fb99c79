import { rootCertificates } from 'node:tls';
import { readEstate } from '../../../../src/plan/estate-file.ts';
import type { Estate } from '../../../../src/plan/types.ts';
import { VAULT, VAULT_ID } from './azure.ts';

/** An estate of the vault `contoso` with one certificate and what else is wanted. */
export function estate(
  targets: readonly object[],
  { plan = {}, issuer = {}, certificates = [] as readonly object[] } = {},
): Estate {
  const limits = { maxDays: 398, dnsSuffixes: ['contoso.com'] };
  const manual = { kind: 'manual', private: false, roots: [rootCertificates[0]], limits, ...issuer };
  return readEstate(
    JSON.stringify({
      vaults: [{ name: 'contoso', uri: VAULT, resourceId: VAULT_ID }],
      issuers: { public: manual },
      plans: { standard: { issuer: 'public', owner: 'web', ...plan } },
      certificates: [{ vault: 'contoso', name: 'Shop', plan: 'standard', targets }, ...certificates],
    }),
    'test',
  );
}
