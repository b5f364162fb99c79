import { stringify } from 'yaml';
import type { Seeded, SeededEstate } from './scenarios.ts';

/** Where things of the stand are, as the estate file names them. */
export interface Places {
  readonly vaults: readonly { readonly name: string; readonly uri: string; readonly resourceId: string }[];
  readonly caCertificate: string;
  /** What stands between the issuing CA and the root. */
  readonly policyPem: string;
  readonly rootPem: string;
  readonly siteOf: (certificate: Seeded, index: number) => SeededSite;
}

export interface SeededSite {
  readonly resourceId: string;
  readonly certificateResource: string;
  readonly hostName: string;
  readonly port: number;
}

/** The estate file of the seeded estate: short verifying times, because nothing here takes long. */
export function estateFile(estate: SeededEstate, places: Places): string {
  const keys = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521'];
  return stringify({
    schema: 1,
    vaults: places.vaults,
    issuers: {
      internal: {
        kind: 'vault-ca',
        certificate: places.caCertificate,
        chain: [places.policyPem],
        roots: [places.rootPem],
        limits: { maxDays: 398, keys, dnsSuffixes: [estate.domain] },
      },
    },
    plans: {
      web: {
        issuer: 'internal',
        owner: `team-web@${estate.domain}`,
        renewAt: { percentOfLife: 66, floorDays: 30 },
        acceptance: { validityDays: 90, minimumDays: 30, maximumDays: 398, keys },
        rollout: {
          wavePercent: [50, 100],
          failureBudget: 0,
          soakSeconds: 0,
          verify: { everySeconds: 1, forSeconds: 12 },
        },
      },
    },
    certificates: estate.certificates.map((certificate) => ({
      vault: certificate.vaultName,
      name: certificate.name,
      plan: 'web',
      targets: certificate.sites.map((_, index) => targetOf(places.siteOf(certificate, index))),
    })),
  });
}

function targetOf({ resourceId, certificateResource, hostName, port }: SeededSite) {
  return {
    kind: 'app-service',
    site: resourceId,
    certificateResource,
    hostName,
    endpoint: { host: '127.0.0.1', port, sni: hostName },
  };
}
