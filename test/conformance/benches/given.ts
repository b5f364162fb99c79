import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { startDnsServer } from '../../../local/dns/server.ts';
import { signDigest } from '../../../local/vault/sign.ts';
import type { Arm } from '../../../src/azure/arm.ts';
import { derToPem, pemToDer } from '../../../src/certificate/pem.ts';
import { clock } from '../../../src/clock.ts';
import {
  createMemoryAnswers,
  createMemoryAppRows,
  createMemoryIssuances,
  createMemoryRevocations,
} from '../../../src/estate/memory.ts';
import { createMemoryRelay } from '../../../src/estate/relayed-memory.ts';
import { createIssuer, type IssuerDependencies } from '../../../src/issuers/registry.ts';
import { issuer as issuerSchema } from '../../../src/plan/issuers/issuer.ts';
import type { IssuerPlan } from '../../../src/plan/types.ts';
import type { PublicJwk, VaultKey } from '../../../src/vault/port.ts';
import { createMemoryCrls } from '../../builders/memory-crls.ts';
import { startZone } from '../../contract/emulated-zone.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench, IssuerUnderTest } from '../under-test.ts';
import { submits as acmeSubmits } from './acme.ts';
import { submits as cfsslSubmits } from './cfssl.ts';
import { submits as digicertSubmits } from './digicert.ts';
import { submits as ejbcaSubmits } from './ejbca.ts';
import { submits as estSubmits } from './est.ts';
import { submits as globalSignSubmits } from './globalsign.ts';
import { submits as stepCaSubmits } from './step-ca.ts';
import { submits as vaultPkiSubmits } from './vault-pki.ts';

const honest = 'nobody can make this server lie: the emulator does';
const unattended = 'nobody can make this server wait: the emulator does';

/** What is asked on the command line. */
const askedSchema = z.strictObject({
  issuer: z.string(),
  url: z.string(),
  ca: z.string(),
  credentials: z.string().optional(),
  domain: z.string(),
  days: z.coerce.number().int().min(1).max(3650).default(90),
  'dns-port': z.coerce.number().int().min(1).max(65535).optional(),
});
type Asked = z.infer<typeof askedSchema>;

const value = z.union([z.string(), z.strictObject({ file: z.string() })]);
const credentialsSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string(), value).default({}),
  keys: z.record(z.string(), value).default({}),
});
type Credentials = z.infer<typeof credentialsSchema>;

/** Per kind, what the suite cannot know: the setting that holds the address, and which request asks for a certificate. */
const kinds: Readonly<Record<string, { readonly address: string; readonly submits: Submits }>> = {
  acme: { address: 'directory', submits: acmeSubmits },
  digicert: { address: 'url', submits: digicertSubmits },
  cfssl: { address: 'url', submits: cfsslSubmits },
  ejbca: { address: 'url', submits: ejbcaSubmits },
  est: { address: 'url', submits: estSubmits },
  globalsign: { address: 'url', submits: globalSignSubmits },
  'step-ca': { address: 'url', submits: stepCaSubmits },
  'vault-pki': { address: 'url', submits: vaultPkiSubmits },
};

/** An issuer at a server that somebody has named; `text` is JSON of the command line's options. */
export function benchOf(text: string): ConformanceBench {
  const asked = askedSchema.parse(JSON.parse(text));
  const known = kinds[asked.issuer];
  if (known === undefined) {
    throw new TypeError(`--issuer is "${asked.issuer}"; write one of ${Object.keys(kinds).join(', ')}`);
  }
  const credentials = credentialsSchema.parse(
    asked.credentials === undefined ? {} : (parse(readFileSync(asked.credentials, 'utf8')) ?? {}),
  );
  return {
    title: `${asked.issuer} at ${new URL(asked.url).host}`,
    lacks: {
      'pending-issued': unattended,
      'pending-rejected': unattended,
      'credentials-refused': 'the credentials are those that were given',
      'wrong-key': honest,
      'extra-name': honest,
      'missing-chain': honest,
      'expired-intermediate': honest,
      ...lacksOf(asked, known.address, credentials),
    },
    setUp: () => open(asked, known, credentials),
  };
}

/** What the issuer does not claim to do is not asked of it. */
function lacksOf(asked: Asked, address: string, credentials: Credentials): ConformanceBench['lacks'] {
  const plan = planOf(asked, address, credentials, '/');
  const unused = (): never => {
    throw new TypeError('nothing is asked yet');
  };
  const { capabilities } = createIssuer(plan, dependenciesOf(credentials, { get: unused, put: unused } as never));
  return {
    // An order that waits is what can be cancelled.
    cancel: unattended,
    ...(!capabilities.includes('revoke') && { revoke: 'this issuer does not revoke' }),
  };
}

async function open(
  asked: Asked,
  { address, submits }: { readonly address: string; readonly submits: Submits },
  credentials: Credentials,
): Promise<IssuerUnderTest> {
  const line = createIssuerLine(submits);
  const proofs = asked.issuer === 'acme' ? await proofsFor(asked) : undefined;
  const arm = proofs?.arm ?? ({} as Arm);
  const plan = planOf(asked, address, credentials, proofs?.zone ?? '');
  return {
    issuer: createIssuer(plan, { ...dependenciesOf(credentials, arm), httpClient: line.client }),
    line,
    roots: pemToDer(readFileSync(asked.ca, 'utf8')),
    intermediates: plan.chain.flatMap((pem) => [...pemToDer(pem)]),
    domain: asked.domain,
    validityDays: asked.days,
    now: () => clock.now(),
    wait: (seconds) => sleep(Math.min(seconds, 1) * 1000),
    secrets: Object.values(credentials.secrets).map(textOf),
    tearDown: async () => proofs?.close(),
  };
}

/** A zone in which names are proved, and the name server that the CA has to be pointed at. */
async function proofsFor({ domain, 'dns-port': port }: Asked) {
  const zone = await startZone(domain);
  const dns = await startDnsServer(zone.txt, port === undefined ? {} : { port });
  console.log(`The proofs of names are answered at ${dns.address} (UDP): the CA has to ask there.`);
  return {
    zone: zone.id,
    arm: zone.arm,
    async close() {
      await dns.close();
      await zone.close();
    },
  };
}

function planOf(asked: Asked, address: string, { settings }: Credentials, zone: string): IssuerPlan {
  const roots = pemToDer(readFileSync(asked.ca, 'utf8')).map((der) => derToPem(der));
  const wished = {
    kind: asked.issuer,
    [address]: asked.url,
    private: true,
    trust: roots,
    roots,
    limits: { dnsSuffixes: [asked.domain] },
    ...(asked.issuer === 'acme' && { dns: { zones: [zone.length > 1 ? zone : ANY_ZONE], waitSeconds: 0 } }),
    ...settings,
  };
  const read = issuerSchema.safeParse(wished);
  if (read.success) return read.data;
  const told = read.error.issues.map(({ path, message }) => `${path.join('.')}: write ${message}`);
  throw new TypeError(`the settings of --credentials are wrong: ${told.join('; ')}`);
}

const ANY_ZONE =
  '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/any/providers/Microsoft.Network/dnsZones/any.example';

function dependenciesOf({ secrets, keys }: Credentials, arm: Arm): IssuerDependencies {
  const found = (table: Credentials['secrets'], id: string): string => {
    const text = table[id];
    if (text === undefined) throw new TypeError(`--credentials has nothing for ${id}`);
    return textOf(text);
  };
  return {
    ...{ clock, random: randomBytes, arm, rows: createMemoryAppRows(), issuances: createMemoryIssuances() },
    answers: createMemoryAnswers(),
    revocations: createMemoryRevocations(),
    crlContainer: createMemoryCrls,
    name: 'given',
    relayed: createMemoryRelay(),
    token: async (audience) => found(secrets, audience),
    get vault(): never {
      throw new TypeError('this issuer works inside a vault: it has no server');
    },
    // Whoever names a server means it.
    mayConnect: () => true,
    secret: async (id) => found(secrets, id),
    keyOf: (id) => keyFrom(id, createPrivateKey(found(keys, id))),
    signerOf: () => {
      throw new TypeError('this issuer signs with a vault: it has no server');
    },
  };
}

function textOf(text: z.infer<typeof value>): string {
  return typeof text === 'string' ? text : readFileSync(text.file, 'utf8');
}

function keyFrom(id: string, privateKey: KeyObject): VaultKey {
  const version = {
    id: `${id}/${'1'.padStart(32, '0')}`,
    jwk: createPublicKey(privateKey).export({ format: 'jwk' }) as PublicJwk,
    async sign(algorithm: Parameters<typeof signDigest>[0], digest: Uint8Array) {
      const signed = signDigest(algorithm, Buffer.from(digest), privateKey);
      if (signed.state !== 'signed') throw new TypeError(signed.state);
      return signed.signature;
    },
  };
  return { newest: async () => version, version: async () => version };
}
