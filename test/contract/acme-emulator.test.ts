import { createPublicKey, X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { usualProfiles } from '../../local/issuers/acme/settings.ts';
import { createKeys } from '../../local/pki.ts';
import { changeKey } from './acme-account-refusals.ts';
import { type EmulatorBench, startEmulator } from './acme-emulator-bench.ts';
import { refusals, verdictOf } from './acme-refusals.ts';
import {
  answer,
  askForOrder,
  authorize,
  bodyOf,
  csrFor,
  dersOf,
  finalize,
  issueFor,
  type OrderBody,
  openAccount,
  placeOrder,
  post,
  readAuthorization,
  type Session,
} from './acme-walk.ts';
import { makeAccountKey } from './acme-wire.ts';

const names = ['www.contoso.example', 'api.contoso.example'];
const plenty = { count: 1000, seconds: 1 };
const unlimited = { orders: plenty, sameNames: plenty, domain: plenty, failures: plenty };

describe('the ACME emulator', () => {
  let bench: EmulatorBench;
  beforeAll(async () => {
    bench = await startEmulator({ quota: unlimited });
  });
  afterAll(() => bench.close());

  it.each(refusals)('refuses $mistake', async ({ make, verdict }) => {
    const refused = await make(bench);
    expect(verdictOf(refused), refused.text).toEqual(verdict);
    expect(refused.headers.link).toContain(`<${bench.origin}/directory>;rel="index"`);
  });
});

describe('the protocol', () => {
  let bench: EmulatorBench;
  let session: Session;
  beforeEach(async () => {
    bench = await startEmulator();
    session = await openAccount(bench);
  });
  afterEach(() => bench.close());

  it('says where everything is', async () => {
    const { json } = await bench.wire.call('GET', `${bench.origin}/directory`);
    expect(Object.keys(json ?? {}).sort()).toEqual(
      ['keyChange', 'meta', 'newAccount', 'newNonce', 'newOrder', 'renewalInfo', 'revokeCert'].sort(),
    );
    expect(json?.meta).toEqual({
      termsOfService: `${bench.origin}/terms`,
      externalAccountRequired: false,
      profiles: Object.fromEntries(Object.entries(usualProfiles).map(([name, { description }]) => [name, description])),
    });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
  ])('gives a nonce to %s', async (method, status) => {
    const given = await bench.wire.call(method, await bench.wire.place('newNonce'));
    expect([given.status, given.text, given.headers['cache-control']]).toEqual([
      status,
      '',
      'public, max-age=0, no-cache',
    ]);
    expect(given.headers['replay-nonce']).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('takes each nonce once, and gives a fresh one with the refusal', async () => {
    const nonce = await bench.wire.nonce();
    const again = { url: session.kid, key: session.key, kid: session.kid, header: { nonce }, once: true };
    expect((await bench.wire.post(again)).status).toBe(200);
    const refused = await bench.wire.post(again);
    expect(verdictOf(refused)).toEqual([400, 'badNonce']);
    const fresh = refused.headers['replay-nonce'];
    expect((await bench.wire.post({ ...again, header: { nonce: fresh } })).status).toBe(200);
  });

  it.each(['ES256', 'ES384', 'RS256'] as const)('knows an account by its %s key', async (alg) => {
    const key = makeAccountKey(alg);
    const contact = ['mailto:certificates@contoso.example'];
    const opened = await openAccount(bench, key, { contact });
    const url = await bench.wire.place('newAccount');
    const again = await bench.wire.post({ url, key, payload: { onlyReturnExisting: true } });
    expect([again.status, again.headers.location]).toEqual([200, opened.kid]);
    expect(again.json).toEqual({ status: 'valid', contact, orders: `${opened.kid}/orders`, key: key.jwk });
  });

  it('changes contacts, lists orders and shows nothing else', async () => {
    const contact = ['mailto:new@contoso.example'];
    expect((await post(session, session.kid, { contact, termsOfServiceAgreed: false })).json).toMatchObject({
      contact,
    });
    const { url } = await placeOrder(session, names);
    expect((await post(session, `${session.kid}/orders`)).json).toEqual({ orders: [url] });
    expect((await post(session, session.kid, { contact: [] })).json).not.toHaveProperty('contact');
  });

  it('replaces the key of an account: the old one is worth nothing any more', async () => {
    const newKey = makeAccountKey('ES384');
    expect((await changeKey(session, { newKey })).status).toBe(200);
    expect(verdictOf(await post(session, session.kid))).toEqual([400, 'badSignatureAlgorithm']);
    const renewed = { ...session, key: newKey };
    expect((await post(renewed, session.kid)).json).toMatchObject({ key: newKey.jwk });
    // What was under way goes on with the new key.
    const { download } = await issueFor(renewed, names);
    expect(dersOf(download.text)).toHaveLength(3);
  });

  it('names the account that has the key already', async () => {
    const other = await openAccount(bench);
    expect((await changeKey(session, { newKey: other.key })).headers.location).toBe(other.kid);
  });

  it('goes from pending by ready and processing to valid', async () => {
    const order = await placeOrder(session, names);
    expect(order.body).toMatchObject({ status: 'pending', profile: 'classic', identifiers: [{}, {}] });
    await authorize(session, order);
    const ready = bodyOf<OrderBody>(await post(session, order.url));
    expect(ready.status).toBe('ready');
    const finalized = await post(session, order.body.finalize, { csr: await csrFor(names) });
    const waiting = bodyOf<OrderBody>(finalized);
    expect([finalized.status, finalized.headers.location, waiting.certificate]).toEqual([200, order.url, undefined]);
    expect(['processing', 'valid']).toContain(waiting.status);
    bench.pause();
    const valid = await post(session, order.url);
    expect(valid.json).toMatchObject({ status: 'valid', certificate: expect.stringContaining('/certificate/') });
    expect(valid.headers).not.toHaveProperty('retry-after');
  });

  it.each(['P-256', 'P-384', 'RSA-2048'] as const)('certifies a key of type %s', async (keyType) => {
    const { download, keys } = await issueFor(session, names, { keyType });
    expect(download.headers['content-type']).toMatch(/^application\/pem-certificate-chain/);
    const [leaf, issuing, upper, ...more] = dersOf(download.text).map((der) => new X509Certificate(der));
    expect(leaf?.publicKey.equals(createPublicKey(keys.privateKey))).toBe(true);
    expect(leaf?.subjectAltName).toBe('DNS:www.contoso.example, DNS:api.contoso.example');
    expect([leaf?.subject, leaf?.ca, issuing?.ca, upper?.ca, more]).toEqual([
      'CN=www.contoso.example',
      ...[false, true, true, []],
    ]);
    const [root] = bench.acme.roots().map((der) => new X509Certificate(der));
    expect(issuing && leaf?.verify(issuing.publicKey)).toBe(true);
    expect(upper && issuing?.verify(upper.publicKey)).toBe(true);
    expect(root && upper?.verify(root.publicKey)).toBe(true);
  });

  it('links to a chain that ends at another root', async () => {
    const { done, download } = await issueFor(session, names);
    const alternate = /<([^>]+)>;rel="alternate"/.exec(download.headers.link ?? '')?.[1] ?? '';
    const other = await post(session, alternate);
    const [usual, crossed] = [dersOf(download.text), dersOf(other.text)];
    expect(crossed.slice(0, 2)).toEqual(usual.slice(0, 2));
    const [, second] = bench.acme.roots().map((der) => new X509Certificate(der));
    expect(second && new X509Certificate(crossed[2] ?? '').verify(second.publicKey)).toBe(true);
    expect(other.headers.link).toContain(`<${done.certificate}>;rel="alternate"`);
  });

  it('offers dns-01 alone for a wildcard, and takes two answers under one name', async () => {
    const wild = ['contoso.example', '*.contoso.example'];
    const order = await placeOrder(session, wild);
    const found = await Promise.all(order.body.authorizations.map((url) => readAuthorization(session, url)));
    expect(
      found.map(({ identifier, wildcard, challenges }) => [identifier.value, wildcard, challenges.length]),
    ).toEqual([
      ['contoso.example', undefined, 2],
      ['contoso.example', true, 1],
    ]);
    const { download } = await issueFor(session, wild);
    expect(new X509Certificate(dersOf(download.text)[0] ?? '').subjectAltName).toContain('DNS:*.contoso.example');
  });

  it('says why an answer is wrong, in the challenge and in the order', async () => {
    const order = await placeOrder(session, ['www.contoso.example']);
    const [url = ''] = order.body.authorizations;
    const { url: challengeUrl } = await answer(session, await readAuthorization(session, url), 'something else');
    bench.pause();
    const error = {
      type: 'urn:ietf:params:acme:error:unauthorized',
      detail: 'Incorrect TXT record "something else" found at _acme-challenge.www.contoso.example',
      status: 403,
    };
    expect(await readAuthorization(session, url)).toMatchObject({ status: 'invalid', challenges: [{ error }] });
    expect(bodyOf<OrderBody>(await post(session, order.url))).toMatchObject({ status: 'invalid', error });
    expect(verdictOf(await post(session, challengeUrl, {}))).toEqual([400, 'malformed']);
  });

  it.each([
    ['nothing is there', 'unauthorized', 403, 'No TXT record found at _acme-challenge.none.contoso.example'],
    ['the name cannot be resolved', 'dns', 400, 'SERVFAIL'],
  ])('says so when %s', async (_case, type, status, detail) => {
    if (type === 'dns') bench.breakName('_acme-challenge.none.contoso.example');
    const order = await placeOrder({ ...session }, ['none.contoso.example']);
    const [decided] = await authorize({ ...session, setTxt: () => undefined }, order);
    const error = { type: `urn:ietf:params:acme:error:${type}`, status, detail: expect.stringContaining(detail) };
    expect(decided?.challenges).toMatchObject([{ status: 'invalid', error }]);
  });

  it('tells every failed name when there are several', async () => {
    const order = await placeOrder(session, names);
    await authorize({ ...session, setTxt: () => undefined }, order);
    const { error } = bodyOf<OrderBody>(await post(session, order.url));
    expect(error?.type).toBe('urn:ietf:params:acme:error:compound');
    expect(error?.subproblems?.map(({ identifier }) => identifier?.value)).toEqual(names);
  });

  it('has no way to http-01', async () => {
    const order = await placeOrder(session, ['www.contoso.example']);
    const [url = ''] = order.body.authorizations;
    const { challenges } = await readAuthorization(session, url);
    const http = challenges.find(({ type }) => type === 'http-01');
    await post(session, http?.url ?? '', {});
    bench.pause();
    const { error } = (await readAuthorization(session, url)).challenges[0] ?? {};
    expect(error?.type).toBe('urn:ietf:params:acme:error:connection');
  });

  it('tells every refused name of an order', async () => {
    const refused = await askForOrder(session, ['a_b.example', 'ok.example', 'c..example']);
    const problems = refused.json?.subproblems as { identifier: { value: string } }[];
    expect(problems.map(({ identifier }) => identifier.value)).toEqual(['a_b.example', 'c..example']);
    expect(refused.json).toMatchObject({ type: 'urn:ietf:params:acme:error:malformed', status: 400 });
  });

  it('takes each name once, whatever its case', async () => {
    const { body } = await placeOrder(session, ['WWW.Contoso.example', 'www.contoso.example']);
    expect(body.identifiers).toEqual([{ type: 'dns', value: 'www.contoso.example' }]);
    expect(body.authorizations).toHaveLength(1);
  });

  it('gives an authorization up, and its order with it', async () => {
    const order = await placeOrder(session, names);
    const [url = ''] = order.body.authorizations;
    expect((await post(session, url, { status: 'deactivated' })).json).toMatchObject({ status: 'deactivated' });
    expect((await post(session, order.url)).json).toMatchObject({ status: 'invalid' });
    expect(verdictOf(await post(session, url, { status: 'valid' }))).toEqual([400, 'malformed']);
  });

  it.each([
    [false, 'pending'],
    [true, 'processing'],
  ])('lets a client look again while the CA is looking (shows processing: %s)', async (showsProcessing, shown) => {
    const bench = await startEmulator({ showsProcessing });
    const session = await openAccount(bench);
    const order = await placeOrder(session, ['www.contoso.example']);
    bench.acme.faults.add({ kind: 'slow-validation', seconds: 60 });
    const [url = ''] = order.body.authorizations;
    const { url: challengeUrl } = await answer(session, await readAuthorization(session, url));
    const waiting = await post(session, url);
    expect(waiting.json).toMatchObject({ status: 'pending' });
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThanOrEqual(60);
    expect((await post(session, challengeUrl, {})).json).toMatchObject({ status: shown });
    bench.clock.advance(120_000);
    const [one, two] = await Promise.all([post(session, url), post(session, url)]);
    expect([one.json?.status, two.json?.status]).toEqual(['valid', 'valid']);
    // Whoever answers once more now is too late.
    expect(verdictOf(await post(session, challengeUrl, {}))).toEqual([400, 'malformed']);
    await bench.close();
  });

  it('ends orders and authorizations when their time is over', async () => {
    const order = await placeOrder(session, names);
    bench.clock.advance(7 * 86_400_000);
    expect((await post(session, order.url)).json).toMatchObject({ status: 'invalid' });
    const [url = ''] = order.body.authorizations;
    expect(await readAuthorization(session, url)).toMatchObject({ status: 'invalid' });
    const later = await placeOrder(session, ['www.contoso.example']);
    const [held = ''] = later.body.authorizations;
    await authorize(session, later);
    expect((await post(session, later.url)).json).toMatchObject({ status: 'ready' });
    bench.clock.advance(29 * 86_400_000);
    expect((await post(session, later.url)).json).toMatchObject({ status: 'invalid' });
    expect(await readAuthorization(session, held)).toMatchObject({ status: 'valid' });
    bench.clock.advance(86_400_000);
    expect(await readAuthorization(session, held)).toMatchObject({ status: 'expired' });
  });

  it('leaves the order ready when the request is refused', async () => {
    const order = await placeOrder(session, names);
    await authorize(session, order);
    const own = await csrFor(names, { ...(await createKeys('P-256')), ...keysOf(session) });
    const refused = await post(session, order.body.finalize, { csr: own });
    expect(refused.json).toMatchObject({ detail: 'CSR contains a public key for a known account' });
    expect((await finalize(session, order, await csrFor(names))).status).toBe('valid');
  });

  it('certifies no key again that was said to be compromised', async () => {
    const { leaf, keys } = await issueFor(session, names);
    const url = await bench.wire.place('revokeCert');
    expect((await post(session, url, { certificate: leaf, reason: 1 })).status).toBe(200);
    const order = await placeOrder(session, names);
    await authorize(session, order);
    const refused = await post(session, order.body.finalize, { csr: await csrFor(names, keys) });
    expect(verdictOf(refused)).toEqual([400, 'badCSR']);
  });

  it('lets whoever holds all of its names revoke a certificate', async () => {
    const { leaf } = await issueFor(session, names);
    const other = await openAccount(bench);
    const revoke = async () => post(other, await bench.wire.place('revokeCert'), { certificate: leaf });
    await authorize(other, await placeOrder(other, names.slice(1)));
    expect(verdictOf(await revoke())).toEqual([403, 'unauthorized']);
    await authorize(other, await placeOrder(other, names));
    const revoked = await revoke();
    expect([revoked.status, revoked.text]).toEqual([200, '']);
  });

  it('refuses a body of unknown length', async () => {
    const request = { method: 'POST', url: new URL(`${bench.origin}/new-account`), body: Buffer.from('{}') };
    const headers = { 'content-type': 'application/jose+json', 'transfer-encoding': 'chunked' };
    const { status, body } = await bench.acme.handle({ ...request, headers });
    expect([status, String(body)]).toEqual([400, expect.stringContaining('Content-Length')]);
  });
});

/** The account's own key, in the place of a certificate's. */
function keysOf({ key }: Session) {
  const publicKey = createPublicKey(key.privateKey);
  const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
  return { keyType: 'P-256' as const, privateKey: key.privateKey, spki };
}
