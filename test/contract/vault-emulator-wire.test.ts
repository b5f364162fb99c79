import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import { extensions, signCertificate } from '../../local/transport/x509.ts';
import type { VaultOptions } from '../../local/vault/call.ts';
import { type KeyKind, makeKey } from '../../local/vault/keys.ts';
import { createMeter } from '../../local/vault/throttle.ts';
import { createVault } from '../../local/vault/vault.ts';
import {
  all,
  DAY,
  ecPolicy,
  lastOf,
  makeSelf,
  openBench,
  refusal,
  resourceId,
  type VaultBench,
} from './vault-emulator-bench.ts';

const open: VaultBench[] = [];
const bench = async (more: Partial<VaultOptions> = {}): Promise<VaultBench> => {
  const made = await openBench(more);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('versions of the API', () => {
  const policy = {
    issuer: { name: 'Unknown' },
    key_props: { kty: 'EC', crv: 'P-256' },
    x509_props: {
      subject: 'CN=a',
      sans: { dns_names: ['a.test'], uris: ['https://a.test'], ipAddresses: ['10.0.0.1'] },
    },
  };

  it.each([
    ['7.4', undefined, undefined],
    ['7.5', undefined, undefined],
    ['7.6', true, undefined],
    ['2025-07-01', true, ['10.0.0.1']],
  ])('%s reads and shows what it knows', async (version, order, addresses) => {
    const { send } = await bench();
    const created = await send('POST', `/certificates/a/create?api-version=${version}`, {
      policy,
      preserveCertOrder: true,
    });
    expect(created.status).toBe(202);
    expect(created.headers.location).toContain(`/certificates/a/pending?api-version=${version}&request_id=`);
    expect(created.json.preserveCertOrder).toBe(order);
    const shown = await send('GET', `/certificates/a/policy?api-version=${version}`);
    expect(shown.json.x509_props.sans.ipAddresses).toEqual(addresses);
    // What an older version did not read is not there for a newer one either.
    const newest = await send('GET', '/certificates/a/policy?api-version=2025-07-01');
    expect(newest.json.x509_props.sans.ipAddresses).toEqual(addresses);
  });

  it('leave the recovery level out of the items of 7.0', async () => {
    const made = await bench();
    await makeSelf(made, 'a');
    const item = async (version: string) => (await made.send('GET', `/certificates?api-version=${version}`)).items[0];
    expect(await item('7.0')).toMatchObject({ subject: '' });
    expect((await item('7.0'))?.attributes).not.toHaveProperty('recoveryLevel');
    expect((await item('7.5'))?.attributes).toMatchObject({
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: 90,
    });
  });

  it('take what an older client sends: page sizes, tags of a merge, pending ones in the next link', async () => {
    const { send } = await bench();
    for (const name of ['a', 'b', 'c']) await send('POST', `/certificates/${name}/create?api-version=7.5`, { policy });
    const first = await send('GET', '/certificates?api-version=7.5&maxresults=2&includePending=true');
    expect(first.items).toHaveLength(2);
    // 4.9.0 repeats the parameter behind the link that it was given.
    const second = await send('GET', `${first.json.nextLink}&includePending=true`);
    expect(second.items.map(({ id }) => lastOf(id))).toEqual(['c']);
    expect(second.json.nextLink).toBeNull();
    expect((await send('GET', '/certificates?api-version=7.5&maxresults=26')).status).toBe(400);
  });
});

describe('pages', () => {
  it('go on behind the last name, whatever comes and goes meanwhile', async () => {
    const made = await bench();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const chain = [selfSigned(privateKey, made.clock.now())];
    const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
    for (const name of names) made.vault.seed({ name, chain, privateKey });
    const first = await made.send('GET', '/certificates?api-version=7.5&maxresults=3');
    await made.certificates.beginDeleteCertificate('n0', { intervalInMs: 1 });
    made.vault.seed({ name: 'm', chain, privateKey });
    const second = await made.send('GET', String(first.json.nextLink));
    const seen = [...first.items, ...second.items].map(({ id }) => lastOf(id));
    expect(seen).toEqual(names);
    expect((await made.send('GET', '/certificates?api-version=7.5&$skiptoken=bm9uZQ')).status).toBe(400);
  });

  it('hold the versions of a certificate in the order of their ids', async () => {
    const made = await bench();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const chain = [selfSigned(privateKey, made.clock.now())];
    const ids = Array.from({ length: 30 }, () => made.vault.seed({ name: 'many', chain, privateKey }));
    const listed = await all(made.certificates.listPropertiesOfCertificateVersions('many'));
    expect(listed.map(({ version }) => version)).toEqual([...ids].sort());
  });
});

const named = (value: string) => [[{ type: '2.5.4.3', value }]];
const selfSigned = (key: KeyObject, now: Date): Buffer => certify(key, now, { issuer: 'seed', signer: key });
/** By somebody else than the key's owner. */
const issued = (key: KeyObject, now: Date): Buffer =>
  certify(key, now, { issuer: 'CA', signer: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey });

function certify(key: KeyObject, now: Date, { issuer, signer }: { issuer: string; signer: KeyObject }): Buffer {
  return signCertificate({
    subject: named('seed'),
    issuer: named(issuer),
    notBefore: now,
    notAfter: new Date(now.getTime() + 90 * DAY),
    publicKey: createPublicKey(key),
    extensions: [extensions.basicConstraints(false)],
    signer,
  });
}

describe('throttling', () => {
  const create = (made: VaultBench, name: string) =>
    made.certificates.beginCreateCertificate(name, ecPolicy(`CN=${name}`), { intervalInMs: 1 });
  const fill = async (made: VaultBench) => {
    made.clock.advance(10_000 - (made.clock.now().getTime() % 10_000));
    for (let count = 0; count < 20; count++) await create(made, `n${count}`);
  };

  it('refuses the 21st key of a window, says when to come back, and lets in then', async () => {
    const made = await bench({ throttling: {} });
    await fill(made);
    const refused = await create(made, 'late').catch((error: unknown) => error);
    expect(refused).toEqual(refusal(429, 'Throttled'));
    const { response, message } = refused as { response: { headers: Headers }; message: string };
    expect(response.headers.get('retry-after')).toBe('10');
    expect(message).toMatch(/Reason: VaultRequestTypeLimitReached$/);
    // Reading is another bucket.
    expect((await made.certificates.getCertificate('n0')).name).toBe('n0');
    made.clock.advance(10_000);
    await create(made, 'late');
  });

  it('says nothing of when, where that is wished', async () => {
    const made = await bench({ throttling: { retryAfter: 'left-out' } });
    await fill(made);
    const refused = await create(made, 'late').catch((error: unknown) => error);
    expect((refused as { response: { headers: Headers } }).response.headers.get('retry-after')).toBeUndefined();
  });

  it('counts a key that is used again as no creation', async () => {
    const made = await bench({ throttling: {} });
    await makeSelf(made, 'same');
    await fill(made);
    const policy = ecPolicy('CN=same', { reuseKey: true });
    await made.certificates.beginCreateCertificate('same', policy, { intervalInMs: 1 });
  });

  it('holds a subscription to five vaults', async () => {
    const subscription = createMeter(0);
    const made = await bench({ throttling: { subscription } });
    await expect(made.certificates.getCertificate('x')).rejects.toEqual(refusal(429, 'Throttled'));
  });

  it('is absent by default', async () => {
    const made = await bench();
    await fill(made);
    await create(made, 'more');
  });
});

describe('a closed gate', () => {
  it.each([
    ['firewall', 'ForbiddenByFirewall', /Client address is not authorized/],
    ['private', 'ForbiddenByConnection', /Public network access is disabled/],
  ] as const)('of kind %s answers 403 with its own code, until it opens', async (network, inner, words) => {
    const made = await bench();
    made.vault.setNetwork(network);
    const get = made.certificates.getCertificate('web');
    await expect(get).rejects.toEqual(refusal(403, 'Forbidden', inner));
    await expect(get).rejects.toThrow(words);
    made.vault.setNetwork('open');
    await expect(made.certificates.getCertificate('web')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
  });

  it('of access policies names the permission', async () => {
    const made = await bench({ permissions: 'access-policies' });
    const get = made.stranger.getCertificate('web');
    await expect(get).rejects.toEqual(refusal(403, 'Forbidden', 'AccessDenied'));
    await expect(get).rejects.toThrow(/does not have certificates get permission on key vault 'estate;/);
  });
});

describe('the vault’s own renewal', () => {
  const versions = (made: VaultBench, name: string) =>
    made.vault.snapshot().find((one) => one.name === name)?.versions ?? [];
  /** The key of a new request is made outside the clock. */
  const requested = (made: VaultBench, name: string) =>
    vi.waitFor(() => {
      const pending = made.vault.snapshot().find((one) => one.name === name)?.pending;
      expect(pending?.status).toBe('inProgress');
    });

  it('makes a new version at the lifetime action, with the tags of the old one', async () => {
    const made = await bench();
    await makeSelf(made, 'self');
    made.clock.advance(290 * DAY);
    expect(versions(made, 'self')).toHaveLength(1);
    made.clock.advance(3 * DAY);
    await requested(made, 'self');
    made.clock.advance(21_000);
    const [old, renewed] = versions(made, 'self');
    expect(renewed?.tags).toEqual({ owner: 'team' });
    expect(renewed?.sha256).not.toBe(old?.sha256);
    expect(made.events.at(-1)).toMatchObject({ version: renewed?.version, objectName: 'self' });
  });

  it('goes on for the version after', async () => {
    const made = await bench();
    await makeSelf(made, 'self', { validityInMonths: 1 });
    for (let count = 2; count < 5; count++) {
      made.clock.advance(26 * DAY);
      await requested(made, 'self');
      made.clock.advance(21_000);
      expect(versions(made, 'self')).toHaveLength(count);
    }
  });

  it('comes over a certificate of an outside CA when its policy says Self and AutoRenew', async () => {
    const made = await bench();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const policy = {
      issuer: { name: 'Self' },
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' as const } }],
    };
    const chain = [issued(privateKey, made.clock.now())];
    made.vault.seed({ name: 'adopted', chain, privateKey, policy });
    made.clock.advance(72 * DAY);
    await requested(made, 'adopted');
    made.clock.advance(21_000);
    const { cer } = await made.certificates.getCertificate('adopted');
    const wrong = new X509Certificate(Buffer.from(cer ?? []));
    expect(versions(made, 'adopted')).toHaveLength(2);
    expect(wrong.issuer).toBe(wrong.subject);
  });

  it('follows a changed policy at once, and stops with it', async () => {
    const made = await bench();
    await makeSelf(made, 'late');
    const change = (lifetimeActions: object[]) =>
      made.certificates.updateCertificatePolicy('late', {
        ...ecPolicy('CN=late.example.test', { issuerName: 'Self' }),
        lifetimeActions: lifetimeActions as [],
      });
    await change([{ action: 'EmailContacts', lifetimePercentage: 80 }]);
    made.clock.advance(300 * DAY);
    expect(made.vault.snapshot()[0]?.pending?.status).toBe('completed');
    await change([{ action: 'AutoRenew', lifetimePercentage: 50 }]);
    made.clock.advance(60_000);
    await requested(made, 'late');
  });

  it('waits for an operation in progress, and for a deleted certificate to come back', async () => {
    const made = await bench();
    await makeSelf(made, 'busy');
    await made.vault.foreignPending('busy', { policy: { x509_props: { subject: 'CN=busy' } } });
    await made.send('PATCH', '/certificates/busy/policy?api-version=7.5', { issuer: { name: 'Self' } });
    made.clock.advance(293 * DAY);
    expect(versions(made, 'busy')).toHaveLength(1);
    await made.certificates.deleteCertificateOperation('busy');
    await made.certificates.beginDeleteCertificate('busy', { intervalInMs: 1 });
    made.clock.advance(2 * DAY);
    await made.send('POST', '/deletedcertificates/busy/recover?api-version=7.5');
    made.clock.advance(DAY);
    await requested(made, 'busy');
  });

  it('leaves alone what nobody issues by itself', async () => {
    const made = await bench();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const chain = [selfSigned(privateKey, made.clock.now())];
    made.vault.seed({ name: 'outside', chain, privateKey, policy: { issuer: { name: 'Unknown' } } });
    for (let day = 0; day < 100; day += 5) made.clock.advance(5 * DAY);
    expect(made.vault.snapshot()).toMatchObject([{ versions: [{}] }]);
    expect(made.vault.snapshot()[0]).not.toHaveProperty('pending');
  });
});

describe('a seeded vault', () => {
  it('repeats itself byte by byte', async () => {
    const keys = await Promise.all((['P-256', 'P-256', 'P-256', 'P-384', 'RSA-2048'] as const).map(makeKey));
    const [first, second, third] = [await story(keys, 1), await story(keys, 1), await story(keys, 2)];
    expect(second).toEqual(first);
    expect(third).not.toEqual(first);
    expect(first.length).toBeGreaterThan(12);
  });
});

/** Everything that a vault answers and raises while it does everything that chance has a hand in. */
async function story(keys: Awaited<ReturnType<typeof makeKey>>[], seed: number): Promise<string[]> {
  let state = seed;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const pool = [...keys];
  const kinds: Record<string, KeyKind> = { prime256v1: 'P-256', secp384r1: 'P-384' };
  const take = (kind: KeyKind) => {
    const at = pool.findIndex((key) => (kinds[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'RSA-2048') === kind);
    return at === -1 ? undefined : pool.splice(at, 1)[0];
  };
  const clock = new ManualClock(new Date('2026-05-01T10:00:00Z'));
  const trace: string[] = [];
  const vault = createVault({
    ...{ name: 'estate', resourceId, uri: 'https://estate.example.test', clock, keyPool: { take }, random },
    access: { authenticate: () => ({ id: 'a', name: 'a' }), allows: () => true, demands: [] },
    events: (event) => trace.push(JSON.stringify(event)),
  });
  const send = async (method: string, path: string, body: object = {}): Promise<void> => {
    const url = new URL(`https://estate.example.test${path}?api-version=2025-07-01`);
    const response = await vault.handle({ method, url, headers: {}, body: Buffer.from(JSON.stringify(body)) });
    trace.push(JSON.stringify(response));
  };
  const policy = (name: string, issuer: string, kty = 'EC', crv?: string) => ({
    policy: { issuer: { name: issuer }, key_props: { kty, crv }, x509_props: { subject: `CN=${name}` } },
  });
  await send('PUT', '/certificates/issuers/Partner', { provider: 'DigiCert' });
  await send('POST', '/certificates/self/create', policy('self', 'Self', 'EC', 'P-384'));
  await send('POST', '/certificates/rsa/create', policy('rsa', 'Self', 'RSA'));
  await send('POST', '/certificates/web/create', policy('web', 'Partner'));
  for (let second = 0; second < 25; second++) clock.advance(1000);
  for (const name of ['self', 'rsa', 'web']) await send('GET', `/certificates/${name}`);
  await send('GET', '/secrets/web');
  await send('POST', '/certificates/web/backup');
  await send('POST', '/keys/self//sign', { alg: 'ES384', value: Buffer.alloc(48, 1).toString('base64url') });
  await send('GET', '/certificates/self/versions');
  vault.stop();
  return trace;
}
