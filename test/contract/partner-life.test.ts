import { CertificateClient, type CertificatePolicy } from '@azure/keyvault-certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChance } from '../../local/vault/chance.ts';
import { createPartnerCa } from '../../local/vault/partner-ca.ts';
import type { PartnerAnswer, Provider } from '../../local/vault/provider.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { create } from '../../src/issuers/partner.ts';
import type { PartnerPlan } from '../../src/plan/issuers/partner.ts';
import { cancelRenewal } from '../../src/renewal/cancel.ts';
import { clientOptions } from '../../src/vault/connection.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import type { VersionFacts } from '../../src/vault/port.ts';
import { createWorld, plan as planOf, type World } from '../builders/world.ts';
import { type Bench, type Meanwhile, openBench } from '../replay/bench.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';

const DAY = 86_400_000;

/** A renewal from its start to its end: real orchestrators, steps, adapter and client, over TLS to the emulated vault. */
let world: World;
let bench: Bench;
let emulated: EmulatedVault;
let said: PartnerAnswer | undefined;
/** What happens right before a step runs. */
let meanwhile: Meanwhile | undefined;
const ca = createPartnerCa({ chance: createChance() });
const provider: Provider = (account, csr, request) => said ?? ca.provider(account, csr, request);

const policy: CertificatePolicy = {
  ...{ issuerName: 'Partner', subject: 'CN=shop.contoso.example', keyType: 'EC', keyCurveName: 'P-256' },
  subjectAlternativeNames: { dnsNames: ['shop.contoso.example'] } as NonNullable<
    CertificatePolicy['subjectAlternativeNames']
  >,
  ...{ validityInMonths: 3, keyUsage: ['digitalSignature'], enhancedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
  lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 10 }],
};

beforeAll(async () => {
  world = await createWorld({ inVault: 'Partner' });
  emulated = await startEmulatedVault({ provider, clock: world.clock });
  const { operator, uri } = emulated;
  const owner = new CertificateClient(uri, operator.credential, clientOptions(operator, uri));
  await owner.createIssuer('Partner', 'DigiCert', { accountId: 'account', password: 'pass-word' });
  await owner.beginCreateCertificate('shop', policy);
  world.clock.advance(30_000);
  const { root, issuing } = ca.authorities(world.clock.now());
  const plan: PartnerPlan = {
    ...{ kind: 'partner', issuerName: 'Partner', private: false },
    ...{ chain: [derToPem(issuing)], roots: [derToPem(root)] },
    limits: { maxDays: 398, keys: ['P-256'], dnsSuffixes: ['contoso.example'] },
  };
  const estate = await world.app.estate();
  const vaults = estate.vaults.map((one) => ({ ...one, uri }));
  const vault = createKeyVault(emulated.connection);
  const patient = { ...planOf(), acceptance: { ...planOf().acceptance, maximumDays: 100 } };
  bench = await openBench(world, {
    meanwhile: (at) => meanwhile?.(at),
    adapters: {
      vault,
      estate: async () => ({ ...estate, vaults, issuers: { internal: plan }, plans: { web: patient } }),
      issuer: () => create(plan, { vault, clock: world.clock }),
    },
  });
});
afterAll(async () => {
  await bench.hub.stop();
  await emulated.close();
});

async function current(): Promise<VersionFacts | undefined> {
  const facts = await bench.app.vault.inspect({ vault: emulated.uri, name: 'shop' });
  return facts.state === 'present' ? facts.current : undefined;
}

async function pending(): Promise<string | undefined> {
  const facts = await bench.app.vault.inspect({ vault: emulated.uri, name: 'shop' });
  return facts.state === 'present' ? facts.pending?.status : undefined;
}

const served = (): readonly string[] => [...world.served.values()];
const rowOf = async () => (await bench.app.store.certificate('kv-web', 'shop'))?.row;

describe('a certificate of a partner', () => {
  it('is renewed when it is due, and deployed once its version is accepted', async () => {
    const old = await current();
    world.clock.advance(70 * DAY);
    emulated.calls.length = 0;
    const { result } = await bench.live();
    expect(result, result.detail).toMatchObject({
      outcome: 'renewed',
      outcomeReason: 'served',
      old: { version: old?.version },
    });
    expect(result.new?.version).toBe((await current())?.version);
    expect(served()).toEqual([result.new?.sha256]);
    expect(emulated.calls.filter((call) => !call.startsWith('GET'))).toEqual(['POST /certificates/shop/create 202']);
  });

  it('keeps what it has when the partner refuses, and tells why', async () => {
    const before = await current();
    const message = 'The call to DigiCert failed with Error code access_denied.';
    said = { state: 'rejected', code: 'Request rejected', message };
    world.clock.advance(70 * DAY);
    const { result } = await bench.live();
    expect(result).toMatchObject({
      outcome: 'rejected',
      outcomeReason: 'issuer-rejected',
      detail: `Request rejected: ${message}`,
    });
    expect(await current()).toEqual(before);
    said = undefined;
  });

  it('is adopted when the vault renews by itself', async () => {
    const before = await current();
    world.clock.advance(Date.parse(before?.notAfter ?? '') - 10 * DAY - world.clock.now().getTime());
    await expect.poll(pending).toBe('inProgress');
    world.clock.advance(30_000);
    const made = await current();
    expect(made?.version).not.toBe(before?.version);
    expect(served()).toEqual([before?.sha256]);
    emulated.calls.length = 0;
    const { result } = await bench.live();
    expect(result, result.detail).toMatchObject({
      ...{ outcome: 'renewed', outcomeReason: 'served' },
      ...{ old: { version: before?.version }, new: { version: made?.version } },
    });
    expect(served()).toEqual([made?.sha256]);
    expect(emulated.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
    expect(await rowOf()).not.toHaveProperty('found');
  });

  it('is cancelled at the partner when a person cancels its renewal', async () => {
    const before = await current();
    said = { state: 'pending', retryAfterSeconds: 3600 };
    meanwhile = ({ step, input, app }) => (step === 'poll' ? cancelRenewal(String(input.renewalId), app) : undefined);
    const { result, renewalId } = await bench.live({ reason: 'manual', force: true });
    expect(result).toMatchObject({ outcome: 'cancelled', outcomeReason: 'cancel-requested' });
    expect(emulated.calls).toContain('PATCH /certificates/shop/pending 200');
    expect((await bench.app.store.order(renewalId))?.row).toMatchObject({ cancel: 'asked' });
    expect(await rowOf()).toMatchObject({ orderToCancel: renewalId });
    expect(await current()).toEqual(before);
  });
});
