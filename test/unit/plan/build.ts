import type { CertificateRow } from '../../../src/estate/port.ts';
import type { DecisionInput, DecisionRequest } from '../../../src/plan/decision.ts';
import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import type { Estate, EstateVault, Plan } from '../../../src/plan/types.ts';
import { percentWaves } from '../../../src/plan/waves.ts';
import type { Inspection, PendingFacts, VersionFacts } from '../../../src/vault/port.ts';

type Present = Extract<Inspection, { state: 'present' }>;

export function aPlan(change: Partial<Plan> = {}): Plan {
  return {
    name: 'internal',
    issuer: 'ca',
    owner: 'team@contoso.example',
    renewAt: { percentOfLife: 66, floorDays: 30 },
    acceptance: { validityDays: 90, minimumDays: 30, maximumDays: 398, keys: ['RSA-2048'] },
    rollout: {
      waves: percentWaves([10, 50, 100]),
      failureBudget: 0,
      soakSeconds: 0,
      oldVersion: 'keep',
      perSubscription: 1000,
      writePercent: 80,
      verify: { everySeconds: 30, forSeconds: 900 },
    },
    ...change,
  };
}

export function aVault(change: Partial<EstateVault> = {}): EstateVault {
  const resourceId =
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.KeyVault/vaults/shop';
  return { name: 'shop', uri: 'https://shop.vault.azure.net', resourceId, ...change };
}

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** One vault, one certificate, one site. */
export function anEstate(change: Partial<Estate> = {}): Estate {
  return {
    schema: 1,
    vaults: [aVault()],
    issuers: {
      ca: {
        kind: 'vault-ca',
        certificate: 'https://trust.vault.azure.net/certificates/perennial-ca',
        chain: [],
        roots: [PEM],
        limits: { maxDays: 398, keys: ['RSA-2048', 'P-256'], dnsSuffixes: ['contoso.example'], clientAuth: true },
      },
    },
    plans: { internal: aPlan() },
    certificates: [
      {
        ...{ vault: 'shop', name: 'tls', plan: 'internal', owner: 'team@contoso.example', discover: false },
        targets: [aSite()],
      },
    ],
    ...change,
  };
}

export function aSite(change: Partial<AppServiceTarget> = {}): AppServiceTarget {
  const site =
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.Web/sites/shop';
  const hostName = 'shop.contoso.example';
  return {
    kind: 'app-service',
    id: `app-service:shop:${hostName}`,
    site,
    certificateResource: 'shop-tls',
    hostName,
    endpoint: { host: hostName, port: 443, sni: hostName },
    ...change,
  };
}

/** Lives 100 days from 1 January 2026. */
export function aVersion(change: Partial<VersionFacts> = {}): VersionFacts {
  return {
    version: 'a'.repeat(32),
    id: `https://shop.vault.azure.net/certificates/tls/${'a'.repeat(32)}`,
    enabled: true,
    createdAt: '2026-01-01T00:00:00.000Z',
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: '2026-04-11T00:00:00.000Z',
    sha256: 'ab'.repeat(32),
    serial: '01',
    der: '',
    ...change,
  };
}

export function aCertificate(change: Partial<Present> = {}): Present {
  return {
    state: 'present',
    current: aVersion(),
    policy: {
      subject: 'CN=shop.contoso.example',
      dnsNames: ['shop.contoso.example'],
      emails: [],
      upns: [],
      issuer: 'Unknown',
      keyType: 'RSA-2048',
      exportable: true,
      reuseKey: false,
      contentType: 'application/x-pkcs12',
      validityMonths: 3,
    },
    tags: {},
    ...change,
  };
}

export function aPending(change: Partial<PendingFacts> = {}): PendingFacts {
  return { status: 'inProgress', csr: '', csrSha256: '', issuer: 'Unknown', requestId: 'r-1', ...change };
}

export function aRow(change: Partial<CertificateRow> = {}): CertificateRow {
  return {
    vault: 'shop',
    name: 'tls',
    plan: 'internal',
    owner: 'team@contoso.example',
    state: 'idle',
    attempt: 1,
    failedAttempts: 0,
    ...change,
  };
}

interface Situation extends Partial<Omit<DecisionInput, 'now' | 'request'>> {
  readonly day?: number;
  readonly request?: Partial<DecisionRequest>;
}

/** The sweep looks at a healthy certificate on the given day of its 100 days of life. */
export function aSituation({ day = 50, request = {}, ...change }: Situation = {}): DecisionInput {
  return {
    now: new Date(Date.parse('2026-01-01T00:00:00Z') + day * 86_400_000),
    request: { reason: 'sweep', force: false, ...request },
    plan: aPlan(),
    facts: aCertificate(),
    row: aRow(),
    pendingIsOurs: undefined,
    ...change,
  };
}
