import { stringify } from 'yaml';
import type { OwnIssuer } from '../faults/issuers.ts';
import { fleetRollout, seatsOf, targetAt } from './fleet/story.ts';
import type { IssuerEntry } from './foreign-issuers.ts';
import type { SeededPlace } from './places/place.ts';
import type { Seeded, SeededEstate } from './scenarios.ts';

/** Where things of the stand are, as the estate file names them. */
export interface Places {
  readonly vaults: readonly { readonly name: string; readonly uri: string; readonly resourceId: string }[];
  readonly caCertificate: string;
  /** What stands between the issuing CA and the root. */
  readonly policyPem: string;
  readonly rootPem: string;
  readonly siteOf: (certificate: Seeded, index: number) => SeededSite;
  readonly placesOf: (certificate: Seeded) => readonly SeededPlace[];
  /** CAs that are servers of their own. */
  readonly foreign?: readonly IssuerEntry[];
  /** Certificates that have an issuer to themselves, with the id of its certificate. */
  readonly own?: ReadonlyMap<Seeded, OwnIssuer & { readonly certificate: string }>;
}

export interface SeededSite {
  readonly resourceId: string;
  readonly certificateResource: string;
  readonly hostName: string;
  readonly port: number;
}

const keys = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521'];

/** The estate file of the seeded estate: short verifying times, because nothing here takes long. */
export function estateFile(estate: SeededEstate, places: Places): string {
  const own = [...(places.own ?? [])];
  const foreign = places.foreign ?? [];
  const planFor = (certificate: Seeded): string => {
    if (certificate.machines !== undefined) return `fleet-${certificate.name}`;
    if (places.own?.has(certificate)) return `web-${certificate.name}`;
    return certificate.issuer === undefined ? 'web' : `web-${certificate.issuer}`;
  };
  const fleets = estate.certificates.filter(({ machines }) => machines !== undefined);
  const shared = { chain: [places.policyPem], dnsSuffixes: [estate.domain] };
  return stringify({
    schema: 1,
    // Whatever serves listens on this machine, which some call ::1 as well.
    network: { allow: ['127.0.0.0/8', '::1'] },
    vaults: places.vaults,
    issuers: {
      internal: issuerAt(places, { certificate: places.caCertificate, ...shared }),
      ...(fleets.length > 0 && {
        clients: { ...issuerAt(places, { certificate: places.caCertificate, ...shared }), profile: 'client' },
      }),
      ...Object.fromEntries(
        own.map(([{ name }, issuer]) => [`for-${name}`, issuerAt(places, { ...shared, ...issuer })]),
      ),
      ...Object.fromEntries(
        foreign.map((entry) => [
          entry.kind,
          { ...entry, limits: { maxDays: 398, keys, dnsSuffixes: [estate.domain] } },
        ]),
      ),
    },
    plans: {
      web: planOf(estate, 'internal'),
      ...Object.fromEntries(own.map(([{ name }]) => [`web-${name}`, planOf(estate, `for-${name}`)])),
      ...Object.fromEntries(foreign.map(({ kind }) => [`web-${kind}`, planOf(estate, kind)])),
      ...Object.fromEntries(
        fleets.map(({ name, machines = 0 }) => [
          `fleet-${name}`,
          { ...planOf(estate, 'clients'), rollout: fleetRollout(machines) },
        ]),
      ),
    },
    certificates: estate.certificates.map((certificate) => ({
      vault: certificate.vaultName,
      name: certificate.name,
      plan: planFor(certificate),
      targets: [
        ...certificate.sites.map((_, index) => targetOf(places.siteOf(certificate, index))),
        ...places.placesOf(certificate).map(({ target }) => target),
        ...seatsOf(estate, certificate).map(targetAt),
      ],
    })),
  });
}

function issuerAt(
  { rootPem }: Places,
  {
    certificate,
    chain,
    dnsSuffixes,
  }: { certificate: string; chain: readonly string[]; dnsSuffixes: readonly string[] },
) {
  return { kind: 'vault-ca', certificate, chain, roots: [rootPem], limits: { maxDays: 398, keys, dnsSuffixes } };
}

function planOf({ domain }: SeededEstate, issuer: string) {
  return {
    issuer,
    owner: `team-web@${domain}`,
    renewAt: { percentOfLife: 66, floorDays: 30 },
    acceptance: { validityDays: 90, minimumDays: 30, maximumDays: 398, keys },
    rollout: {
      wavePercent: [50, 100],
      failureBudget: 0,
      soakSeconds: 0,
      verify: { everySeconds: 3, forSeconds: 60 },
    },
  };
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
