import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CsrWish, createAuthority, createKeys, type Keys } from '../../../local/pki.ts';
import { accept } from '../../../src/certificate/acceptance.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryAnswers, createMemoryAppRows } from '../../../src/estate/memory.ts';
import { createMemoryRelay } from '../../../src/estate/relayed-memory.ts';
import type { Issuer, Order, OrderStatus } from '../../../src/issuers/port.ts';
import { createIssuer } from '../../../src/issuers/registry.ts';
import { create } from '../../../src/issuers/vault-ca.ts';
import type { SigningVersion, VaultSigner } from '../../../src/vault/port.ts';
import { createWorld as createWholeWorld } from '../../builders/world.ts';
import { scriptedArm } from '../targets/scripted-arm.ts';
import { createWorld, csrOf, DAY, now, signerOf, type World } from './authority.ts';

let world: World;
let issuer: ReturnType<typeof create>;

beforeAll(async () => {
  world = await createWorld();
  issuer = create(world.plan, world.dependencies);
});

async function submitted(renewalId: string, wish: Partial<CsrWish> = {}, by: Issuer = issuer): Promise<Order> {
  const order = await by.submit({ renewalId, csr: csrOf({ keys: world.keys, ...wish }), validityDays: 90 });
  if ('state' in order) throw new RenewalError('bug', order.reason);
  return order;
}

function issued(status: OrderStatus): readonly Uint8Array[] {
  if (status.state !== 'issued') throw new RenewalError('bug', JSON.stringify(status));
  return status.chain.map((der) => Buffer.from(der, 'base64'));
}

const b64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

describe('the vault CA', () => {
  it.each(['P-256', 'P-384', 'P-521', 'RSA-2048'] as const)('issues with a %s key', async (keyType) => {
    const { plan, dependencies, ca, root, keys } = await createWorld(keyType);
    const one = create(plan, dependencies);
    const chain = issued(await one.poll(await submitted('shop-1', { keys }, one)));
    const leaf = readCertificate(chain[0] ?? new Uint8Array());
    expect(chain.slice(1).map(b64)).toEqual([b64(ca.der), b64(root.der)]);
    expect(new X509Certificate(leaf.der).verify(new X509Certificate(ca.der).publicKey)).toBe(true);
    expect(leaf.names.dns).toEqual(['shop.contoso.example']);
    expect(leaf.notBefore).toEqual(new Date(now.getTime() - 900_000));
    expect(leaf.notAfter).toEqual(new Date(now.getTime() - 901_000 + 90 * DAY));
    expect(leaf.isCa).toBe(false);
  });

  it('declares what it is', () => {
    expect(issuer).toMatchObject({ kind: 'vault-ca', afterLostAnswer: 'same-order', isPrivate: true });
    expect(issuer.capabilities).toEqual(['revoke']);
  });

  it('is found in the registry by its kind', async () => {
    const { signer, ...rest } = world.dependencies;
    const asked: string[] = [];
    const signerOfId = (id: string): VaultSigner => {
      asked.push(id);
      return signer;
    };
    const unused = (): never => {
      throw new TypeError('not expected');
    };
    const others = {
      keyOf: unused,
      secret: unused,
      token: unused,
      answers: createMemoryAnswers(),
      relayed: createMemoryRelay(),
      name: 'internal',
      mayConnect: unused,
      crlContainer: unused,
      rows: createMemoryAppRows(),
      arm: scriptedArm({}, unused),
      vault: (await createWholeWorld()).vault,
    };
    const found = createIssuer(world.plan, { ...rest, ...others, signerOf: signerOfId });
    expect(found.kind).toBe('vault-ca');
    expect(asked).toEqual([world.plan.certificate]);
  });

  it('records before it signs, and a repeated order signs the same certificate', async () => {
    const { signer, issuances, ...rest } = world.dependencies;
    const signed: string[] = [];
    const counted = (version: SigningVersion): SigningVersion => ({
      ...version,
      sign: (algorithm, digest) => {
        signed.push(b64(digest));
        return version.sign(algorithm, digest);
      },
    });
    const counting: VaultSigner = {
      ...signer,
      current: async () => counted(await signer.current()),
      version: async (id) => counted(await signer.version(id)),
    };
    let drawn = 0;
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(++drawn);
    const one = create(world.plan, { ...rest, issuances, signer: counting, random });
    const first = await submitted('shop-2', {}, one);
    expect(signed).toEqual([]);
    expect(await issuances.get(first.reference)).toMatchObject({ renewalId: 'shop-2' });
    world.clock.advance(60_000);
    const second = await submitted('shop-2', {}, one);
    expect(second).toEqual(first);
    await one.poll(first);
    await one.poll(second);
    expect(new Set(signed).size).toBe(1);
  });

  it('gives another renewal of the same key another serial number', async () => {
    let drawn = 0;
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(++drawn);
    const one = create(world.plan, { ...world.dependencies, random });
    const chains = [];
    for (const id of ['shop-3', 'shop-4']) chains.push(issued(await one.poll(await submitted(id, {}, one))));
    const serials = chains.map(([leaf]) => readCertificate(leaf ?? new Uint8Array()).serial);
    expect(new Set(serials).size).toBe(2);
  });

  it('gives byte-identical certificates when the key is RSA', async () => {
    const { plan, dependencies, keys } = await createWorld('RSA-2048');
    const one = create(plan, dependencies);
    const order = await submitted('shop-5', { keys }, one);
    expect(await one.poll(order)).toEqual(await one.poll(order));
  });
});

type Refused = readonly [string, Partial<CsrWish>, string];

const refused: readonly Refused[] = [
  ['a name outside the suffixes', { names: { dns: ['shop.evil.example'] } }, 'is not within'],
  ['a suffix without its dot', { names: { dns: ['evilcontoso.example'] } }, 'is not within'],
  ['a wildcard above the suffix', { names: { dns: ['*.example'] } }, 'is not a host name'],
  ['a wildcard in the middle', { names: { dns: ['a.*.contoso.example'] } }, 'is not a host name'],
  ['a part of a label as wildcard', { names: { dns: ['w*.contoso.example'] } }, 'is not a host name'],
  ['a NUL in a name', { names: { dns: ['shop.contoso.example\0.evil.example'] } }, 'is not a host name'],
  ['a line feed in a name', { names: { dns: ['shop\n.contoso.example'] } }, 'is not a host name'],
  ['a leading dot', { names: { dns: ['.contoso.example'] } }, 'is not a host name'],
  ['a trailing dot', { names: { dns: ['shop.contoso.example.'] } }, 'is not a host name'],
  ['an underscore', { names: { dns: ['_shop.contoso.example'] } }, 'is not a host name'],
  ['a name of 300 characters', { names: { dns: [`${'a.'.repeat(143)}contoso.example`] } }, 'is not a host name'],
  ['101 names', { names: { dns: Array.from({ length: 101 }, (_, i) => `h${i}.contoso.example`) } }, 'are allowed'],
  ['an IP address', { names: { dns: ['shop.contoso.example'], ip: ['10.0.0.1'] } }, 'DNS names only'],
  ['a mail address', { names: { email: ['a@contoso.example'] } }, 'DNS names only'],
  ['a URI', { names: { uri: ['spiffe://contoso.example/x'] } }, 'DNS names only'],
  ['a user principal name', { names: { upn: ['a@contoso.example'] } }, 'DNS names only'],
  ['no name at all', { subject: 'O=Contoso', names: {} }, 'no DNS name'],
  ['a common name outside the suffixes', { subject: 'CN=www.evil.example' }, 'is not within'],
  ['an IP address as common name', { subject: 'CN=10.0.0.1' }, 'common name is an IP address'],
  ['a NUL in the subject', { subject: [[{ type: '2.5.4.10', value: 'a\0b' }]] }, 'control character'],
  ['a long common name', { subject: `CN=${'x'.repeat(65)}` }, 'longer than 64'],
];

describe('the vault CA refuses', () => {
  it.each(refused)('%s', async (_, wish, reason) => {
    const answer = await issuer.submit({
      renewalId: 'no',
      csr: csrOf({ keys: world.keys, ...wish }),
      validityDays: 90,
    });
    expect(answer).toEqual({ state: 'rejected', reason: expect.stringContaining(reason) });
  });

  it.each([0, -1, 1.5, 91, Number.NaN])('a life of %d days', async (validityDays) => {
    const answer = await issuer.submit({ renewalId: 'no', csr: csrOf({ keys: world.keys }), validityDays });
    expect(answer).toMatchObject({ state: 'rejected', reason: expect.stringContaining('a life of') });
  });

  it('a life beyond that of the CA certificate', async () => {
    const { plan, dependencies, clock, keys } = await createWorld();
    clock.advance(300 * DAY);
    const answer = await create(plan, dependencies).submit({ renewalId: 'no', csr: csrOf({ keys }), validityDays: 90 });
    expect(answer).toMatchObject({ state: 'rejected', reason: expect.stringContaining('CA certificate itself ends') });
  });

  it('a request that another key signed', async () => {
    const csr = csrOf({ keys: world.keys, forger: await createKeys('P-256') });
    const answer = await issuer.submit({ renewalId: 'no', csr, validityDays: 90 });
    expect(answer).toMatchObject({ state: 'rejected', reason: expect.stringContaining('not signed by its own key') });
  });

  it.each(['P-384', 'RSA-1024'] as const)('a key of type %s that is not in its limits', async (keyType) => {
    const keys: Keys = await createKeys(keyType);
    const answer = await issuer.submit({ renewalId: 'no', csr: csrOf({ keys }), validityDays: 90 });
    expect(answer).toMatchObject({ state: 'rejected', reason: expect.stringContaining('key type') });
  });

  it.each(['', 'AAAA', 'not base64 at all'])('%j as a request', async (csr) => {
    const answer = await issuer.submit({ renewalId: 'no', csr, validityDays: 90 });
    expect(answer).toEqual({ state: 'rejected', reason: 'the CSR cannot be read' });
  });

  it('an order that was never recorded', async () => {
    expect(await issuer.poll({ reference: 'nothing' })).toMatchObject({ state: 'rejected' });
  });
});

describe('the vault CA after a rollover', () => {
  const next = () => {
    const life = { notBefore: now, notAfter: new Date(now.getTime() + 900 * DAY) };
    return createAuthority({ subject: 'CN=Unit CA', ...life, parent: world.root });
  };

  it('finishes an order with the version that was recorded', async () => {
    const order = await submitted('shop-6');
    const rolled = create(world.plan, { ...world.dependencies, signer: signerOf(world.ca, await next()) });
    const [leaf, authority] = issued(await rolled.poll(order));
    expect(b64(authority ?? new Uint8Array())).toBe(b64(world.ca.der));
    expect(new X509Certificate(leaf ?? new Uint8Array()).verify(new X509Certificate(world.ca.der).publicKey)).toBe(
      true,
    );
  });

  it('signs new orders with the new version, and both are accepted by one plan', async () => {
    const before = await submitted('shop-6');
    const successor = await next();
    const rolled = create(world.plan, { ...world.dependencies, signer: signerOf(world.ca, successor) });
    const after = await submitted('shop-61', {}, rolled);
    const chains = [issued(await rolled.poll(before)), issued(await rolled.poll(after))];
    expect(chains.map((chain) => b64(chain[1] ?? new Uint8Array()))).toEqual([world.ca.der, successor.der].map(b64));
    for (const chain of chains) expect(verdictOn(chain.map(b64))).toMatchObject({ state: 'accepted', warnings: [] });
  });

  it('sends of the certificates at hand only those that lead upwards from the one that signed', async () => {
    const life = { notBefore: now, notAfter: new Date(now.getTime() + 900 * DAY) };
    const otherRoot = await createAuthority({ subject: 'CN=Other Root', ...life });
    const middle = await createAuthority({ subject: 'CN=Middle', ...life, parent: otherRoot });
    const below = await createAuthority({ subject: 'CN=Unit CA', ...life, parent: middle });
    const plan = { ...world.plan, chain: [otherRoot.pem, world.root.pem, middle.pem] };
    const rolled = create(plan, { ...world.dependencies, signer: signerOf(world.ca, below) });
    const old = await submitted('shop-62', {}, create(plan, world.dependencies));
    const young = await submitted('shop-63', {}, rolled);
    expect(
      issued(await rolled.poll(old))
        .slice(1)
        .map(b64),
    ).toEqual([world.ca.der, world.root.der].map(b64));
    const expected = [below.der, middle.der, otherRoot.der].map(b64);
    expect(
      issued(await rolled.poll(young))
        .slice(1)
        .map(b64),
    ).toEqual(expected);
  });

  it('refuses an order whose version is not on record when the CA is another one by now', async () => {
    const order = await submitted('shop-64');
    const { issuances } = world.dependencies;
    const unversioned = {
      ...issuances,
      get: async (key: string) => {
        const found = await issuances.get(key);
        if (found === undefined) return undefined;
        const { authority: _, ...rest } = found;
        return rest;
      },
    };
    const replaced = create(world.plan, {
      ...world.dependencies,
      issuances: unversioned,
      signer: signerOf(await next()),
    });
    expect(await replaced.poll(order)).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('CA certificate was replaced'),
    });
  });
});

/** Acceptance as a renewal of a plan with this issuer asks for it. */
function verdictOn(answer: readonly string[], purposes?: readonly string[]) {
  return accept({
    ...{ answer, now, knownSerials: [], startReason: 'due' },
    ...(purposes && { purposes }),
    csr: readCsr(Buffer.from(csrOf({ keys: world.keys }), 'base64')),
    profile: { validityDays: 90, minimumDays: 30, maximumDays: 398, keys: ['P-256'] },
    roots: [world.root.der],
    intermediates: [],
  });
}

describe('the vault CA accepts', () => {
  it.each([
    ['the suffix itself', ['contoso.example']],
    ['a wildcard below the suffix', ['*.contoso.example']],
    ['upper case', ['SHOP.Contoso.Example']],
    ['names of two suffixes', ['shop.contoso.example', 'a.b.fabrikam.example']],
    ['an A-label', ['xn--bcher-kva.contoso.example']],
  ])('%s', async (_, dns) => {
    expect(await submitted('yes', { subject: 'O=Contoso', names: { dns } })).toHaveProperty('reference');
  });

  it('a common name that is no host name, next to names', async () => {
    expect(await submitted('yes', { subject: 'CN=Contoso Shop' })).toHaveProperty('reference');
  });
});

describe('the purposes that the vault CA certifies', () => {
  const server = '1.3.6.1.5.5.7.3.1';
  const client = '1.3.6.1.5.5.7.3.2';
  const signing = '1.3.6.1.5.5.7.3.3';

  it.each([
    ['both when both are asked for', true, [server, client], [server, client]],
    ['a server only when that is asked for', true, [server], [server]],
    ['a server although another is asked for', true, [signing], [server]],
    ['nothing else that is asked for', true, [server, signing], [server]],
    ['no client when the plan forbids it', false, [server, client], [server]],
  ])('are %s', async (_, clientAuth, extendedKeyUsage, expected) => {
    const plan = { ...world.plan, limits: { ...world.plan.limits, clientAuth } };
    const one = create(plan, world.dependencies);
    const order = await submitted(`purposes-${clientAuth}-${extendedKeyUsage.join('-')}`, { extendedKeyUsage }, one);
    const [leaf] = issued(await one.poll(order));
    expect(readCertificate(leaf ?? new Uint8Array()).extendedKeyUsage).toEqual(expected);
  });
});

describe('the profile of the vault CA', () => {
  const [server, client] = [purposes.serverAuth, purposes.clientAuth];

  it.each([
    ['server', [server]],
    ['client', [client]],
    ['mtls', [server, client]],
  ] as const)('%s decides, whatever the request asks for', async (profile, expected) => {
    const one = create({ ...world.plan, profile }, world.dependencies);
    for (const extendedKeyUsage of [[server], [client], [server, client]]) {
      const order = await submitted(`profile-${profile}-${extendedKeyUsage.length}`, { extendedKeyUsage }, one);
      const answer = issued(await one.poll(order));
      expect(readCertificate(answer[0] ?? new Uint8Array()).extendedKeyUsage).toEqual(expected);
      expect(verdictOn(answer.map(b64), expected)).toMatchObject({ state: 'accepted' });
    }
  });

  it('client is not accepted where a server is wanted', async () => {
    const one = create({ ...world.plan, profile: 'client' }, world.dependencies);
    const answer = issued(await one.poll(await submitted('profile-not', {}, one)));
    expect(verdictOn(answer.map(b64))).toMatchObject({
      ...{ state: 'refused', reason: 'usage-differs' },
      detail: expect.stringContaining('does not have serverAuth'),
    });
  });
});
