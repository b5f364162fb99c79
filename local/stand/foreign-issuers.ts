import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { derToPem } from '../../src/certificate/pem.ts';
import type { Clock } from '../../src/clock.ts';
import type { DnsZones } from '../arm/dns-zones.ts';
import type { StandClock } from '../clock.ts';
import { type Authorities, createAuthorities } from '../issuers/authorities.ts';
import { createCfssl } from '../issuers/cfssl/cfssl.ts';
import { createEst } from '../issuers/est/est.ts';
import { createStepCa } from '../issuers/step-ca/step-ca.ts';
import { createChance } from '../vault/chance.ts';
import { mountAcme } from './acme.ts';
import type { Cloud } from './cloud.ts';
import { keyIn, secretIn } from './credentials.ts';
import { portOffsets } from './ground.ts';
import { type ForeignIssuerKind, foreignIssuerKinds, type SeededEstate } from './scenarios.ts';

/** The keys of every CA that the estate uses, by the kind of its issuer: they have signed what is in use. */
export type ForeignAuthorities = ReadonlyMap<ForeignIssuerKind, Authorities>;

export function createForeignAuthorities({ certificates }: SeededEstate, clock: Clock): ForeignAuthorities {
  const used = foreignIssuerKinds.filter((kind) => certificates.some(({ issuer }) => issuer === kind));
  const chance = createChance();
  return new Map(
    used.map((kind) => [kind, createAuthorities({ called: `Stand ${kind}`, clock, chance, keyPool: undefined })]),
  );
}

/** An issuer as the estate file has it, without its limits. */
export type IssuerEntry = Readonly<Record<string, unknown>> & { readonly kind: ForeignIssuerKind };

/** Where CAs of others are mounted. */
export interface ForeignGround {
  readonly cloud: Cloud;
  readonly clock: StandClock;
  /** Where names are proved. */
  readonly dns: DnsZones;
}

/** Puts each CA on HTTPS, and into the vault of credentials what the app has to show it. */
export async function mountForeignIssuers(
  ground: ForeignGround,
  authorities: ForeignAuthorities,
): Promise<readonly IssuerEntry[]> {
  const trust = [await readFile(ground.cloud.caFile, 'utf8')];
  return Promise.all(
    [...authorities].map(async ([kind, own]) => {
      const [root] = own.roots();
      return { kind, ...(await mounts[kind](ground, own)), trust, roots: [derToPem(root)] };
    }),
  );
}

type Mount = (ground: ForeignGround, authorities: Authorities) => Promise<Readonly<Record<string, unknown>>>;

const WAIT_SECONDS = 1;
const LIFE_SECONDS = 90 * 86_400;

const mounts: Readonly<Record<ForeignIssuerKind, Mount>> = {
  async acme({ cloud, clock, dns }, authorities) {
    const { directoryUrl } = await mountAcme(cloud, { clock, authorities, dns, quota: plenty });
    const { id: accountKey } = await keyIn(cloud, 'acme-account');
    return {
      directory: directoryUrl,
      accountKey,
      private: true,
      dns: { zones: [cloud.dnsZone], waitSeconds: WAIT_SECONDS },
    };
  },
  async est({ cloud, clock }, authorities) {
    const password = randomBytes(18).toString('base64url');
    const est = createEst({
      ...{ clock, authorities },
      users: { perennial: password },
      pendingSeconds: 2,
      retrySeconds: 1,
    });
    const { url } = await cloud.mount(est, { offset: portOffsets.est, name: 'est' });
    return { url, credentials: { password: await secretIn(cloud, ['est', `perennial:${password}`]) } };
  },
  async 'step-ca'({ cloud, clock }, authorities) {
    const { id, jwk } = await keyIn(cloud, 'step-ca-provisioner');
    const stepCa = createStepCa({ clock, authorities, provisioner: { name: 'perennial', key: jwk } });
    const { url } = await cloud.mount(stepCa, { offset: portOffsets.stepCa, name: 'step-ca' });
    return { url, provisioner: 'perennial', provisionerKey: id };
  },
  async cfssl({ cloud, clock }, authorities) {
    const authKey = randomBytes(16).toString('hex');
    const profiles = { tls: { expirySeconds: LIFE_SECONDS, isAuthenticated: true } };
    const cfssl = createCfssl({ clock, authorities, authKey, profiles });
    const { url } = await cloud.mount(cfssl, { offset: portOffsets.cfssl, name: 'cfssl' });
    return {
      url,
      profile: 'tls',
      authKey: await secretIn(cloud, ['cfssl', authKey]),
      chain: [derToPem(cfssl.intermediate())],
    };
  },
};

/** The limits of a public CA would end a stand that somebody plays with for an hour. */
const plenty = { sameNames: { count: 10_000, seconds: 60 }, domain: { count: 10_000, seconds: 60 } };
