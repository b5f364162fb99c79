import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { AcmeOptions } from '../../local/issuers/acme/settings.ts';
import { createKeys } from '../../local/pki.ts';
import { type EmulatorBench, startEmulator } from './acme-emulator-bench.ts';
import { verdictOf } from './acme-refusals.ts';
import {
  askForOrder,
  authorize,
  bodyOf,
  csrFor,
  dersOf,
  finalize,
  type Issued,
  issueFor,
  type OrderBody,
  openAccount,
  placeOrder,
  post,
  type Session,
} from './acme-walk.ts';
import { base64url, bindAccount, makeAccountKey, type WireAnswer } from './acme-wire.ts';

const names = ['www.contoso.example', 'api.contoso.example'];
const DAY = 86_400_000;

const benches: EmulatorBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});

async function start(options: Partial<AcmeOptions> = {}): Promise<EmulatorBench> {
  const bench = await startEmulator(options);
  benches.push(bench);
  return bench;
}

describe('external accounts', () => {
  const secret = base64url('a secret of thirty-two characters');
  const externalAccounts = { 'kid-1': Buffer.from(secret, 'base64url') };

  it.each([
    ['no binding', () => undefined, [403, 'externalAccountRequired']],
    ['an unknown key id', (url: string) => ({ kid: 'x', secret, url }), [403, 'unauthorized']],
    ['a wrong secret', (url: string) => ({ kid: 'kid-1', secret: base64url('another'), url }), [403, 'unauthorized']],
    ['another url', () => ({ kid: 'kid-1', secret, url: 'https://x.example/' }), [400, 'malformed']],
  ] as const)('are refused with %s', async (_what, credentialAt, verdict) => {
    const { wire } = await start({ externalAccounts });
    const [url, key] = [await wire.place('newAccount'), makeAccountKey()];
    const credential = credentialAt(url);
    const externalAccountBinding = credential && bindAccount(key, credential.url, credential);
    const payload = { termsOfServiceAgreed: true, externalAccountBinding };
    expect(verdictOf(await wire.post({ url, key, payload }))).toEqual(verdict);
  });

  it('bind the key that signs the request, and no other', async () => {
    const { wire } = await start({ externalAccounts });
    const url = await wire.place('newAccount');
    const externalAccountBinding = bindAccount(makeAccountKey(), url, { kid: 'kid-1', secret });
    const payload = { termsOfServiceAgreed: true, externalAccountBinding };
    expect(verdictOf(await wire.post({ url, key: makeAccountKey(), payload }))).toEqual([400, 'badPublicKey']);
  });

  it('are opened with the right one, which the account shows', async () => {
    const bench = await start({ externalAccounts });
    const key = makeAccountKey('RS256');
    const { json } = await bench.wire.call('GET', `${bench.origin}/directory`);
    expect(json?.meta).toMatchObject({ externalAccountRequired: true });
    const externalAccountBinding = bindAccount(key, await bench.wire.place('newAccount'), { kid: 'kid-1', secret });
    const session = await openAccount(bench, key, { externalAccountBinding });
    expect((await post(session, session.kid)).json).toMatchObject({ externalAccountBinding });
  });
});

describe('profiles and dates', () => {
  it.each([
    ['classic', 90 * DAY, 'CN=www.contoso.example'],
    ['tlsserver', 90 * DAY, undefined],
    ['shortlived', 160 * 3_600_000, undefined],
  ])('give the life of %s', async (profile, life, subject) => {
    const session = await openAccount(await start());
    const { download, done } = await issueFor(session, names, { order: { profile } });
    const leaf = new X509Certificate(dersOf(download.text)[0] ?? '');
    expect([done.profile, leaf.subject]).toEqual([profile, subject]);
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBe(life - 1000);
  });

  it('take the common name from the request, whatever comes first in the order', async () => {
    const session = await openAccount(await start());
    const order = await placeOrder(session, [...names].reverse());
    await authorize(session, order);
    const { certificate = '' } = await finalize(session, order, await csrFor(names));
    const [leaf = ''] = dersOf((await post(session, certificate)).text);
    expect(new X509Certificate(leaf).subject).toBe('CN=www.contoso.example');
  });

  it('refuse a profile that there is not', async () => {
    const session = await openAccount(await start());
    for (const profile of ['unheard-of', 'constructor']) {
      expect(verdictOf(await askForOrder(session, names, { profile }))).toEqual([400, 'invalidProfile']);
    }
  });

  it('are as ordered within the life of the profile', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const notAfter = new Date(bench.clock.now().getTime() + 5 * DAY).toISOString().replace('.000', '');
    const { download, done } = await issueFor(session, names, { order: { notAfter } });
    expect(done.notAfter).toBe(notAfter);
    expect(new Date(new X509Certificate(dersOf(download.text)[0] ?? '').validTo)).toEqual(new Date(notAfter));
    const tooLate = new Date(bench.clock.now().getTime() + 91 * DAY).toISOString();
    expect(verdictOf(await askForOrder(session, names, { notAfter: tooLate }))).toEqual([400, 'malformed']);
    const tooEarly = bench.clock.now().toISOString();
    expect(verdictOf(await askForOrder(session, names, { notAfter: tooEarly }))).toEqual([400, 'malformed']);
  });
});

/** RFC 9773 4.1, from nothing but the certificate, octet by octet. */
function renewalIdOf({ leaf }: Issued): string {
  const der = Buffer.from(leaf, 'base64url');
  // AuthorityKeyIdentifier with a key identifier of 20 octets and nothing else.
  const marker = Buffer.from('551d23041830168014', 'hex');
  const at = der.indexOf(marker) + marker.length;
  // Certificate, TBSCertificate, version; then the serial number with its length before it.
  const serialAt = der.indexOf(Buffer.from('a003020102', 'hex')) + 5;
  const serial = der.subarray(serialAt + 2, serialAt + 2 + (der[serialAt + 1] ?? 0));
  return `${base64url(der.subarray(at, at + 20))}.${base64url(serial)}`;
}

interface Suggestion {
  readonly suggestedWindow: { readonly start: string; readonly end: string };
  readonly explanationURL?: string;
}

describe('renewal information', () => {
  const ask = async ({ wire }: EmulatorBench, id: string): Promise<WireAnswer> =>
    wire.call('GET', `${await wire.place('renewalInfo')}/${id}`);
  const windowOf = async (bench: EmulatorBench, id: string) => {
    const { start, end } = bodyOf<Suggestion>(await ask(bench, id)).suggestedWindow;
    return { start: new Date(start).getTime(), end: new Date(end).getTime() };
  };

  it('is for anybody, and says when to ask again', async () => {
    const bench = await start();
    const issued = await issueFor(await openAccount(bench), names);
    const shown = await ask(bench, renewalIdOf(issued));
    expect([shown.status, shown.headers['retry-after']]).toEqual([200, '21600']);
    const leaf = new X509Certificate(Buffer.from(issued.leaf, 'base64url'));
    const twoThirds = Date.parse(leaf.validTo) - 30 * DAY;
    const { start: from, end } = await windowOf(bench, renewalIdOf(issued));
    expect(from).toBeLessThan(twoThirds);
    expect(end).toBeGreaterThan(twoThirds);
    expect(end - from).toBeLessThan(2 * DAY);
  });

  it('knows serial numbers with and without a leading zero', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const firstOctets = new Set<boolean>();
    for (let index = 0; index < 40 && firstOctets.size < 2; index += 1) {
      const id = renewalIdOf(await issueFor(session, [`n${index}.host${index}.example`]));
      firstOctets.add(Buffer.from(id.split('.')[1] ?? '', 'base64url')[0] === 0);
      expect((await ask(bench, id)).status).toBe(200);
    }
    expect(firstOctets.size).toBe(2);
  });

  it.each([
    ['nonsense', 400],
    ['aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE', 404],
    ['a=.b=', 400],
  ])('refuses %s with %i', async (id, status) => {
    const answer = await ask(await start(), id);
    expect(verdictOf(answer)).toEqual([status, 'malformed']);
  });

  it('moves when the CA wishes, for one or for all', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const [one, two] = [await issueFor(session, names), await issueFor(session, ['other.example'])];
    const now = bench.clock.now().getTime();
    const explanationUrl = 'https://ca.example/incident';
    const window = { start: new Date(now + DAY), end: new Date(now + 2 * DAY), explanationUrl };
    bench.acme.suggestWindow(window, renewalIdOf(one));
    expect((await ask(bench, renewalIdOf(one))).json).toMatchObject({ explanationURL: explanationUrl });
    expect(await windowOf(bench, renewalIdOf(one))).toEqual({ start: now + DAY, end: now + 2 * DAY });
    expect((await windowOf(bench, renewalIdOf(two))).start).toBeGreaterThan(now + 50 * DAY);
    bench.acme.suggestWindow('now');
    for (const issued of [one, two]) expect((await windowOf(bench, renewalIdOf(issued))).end).toBeLessThan(now);
  });

  it('is over at once for a certificate that was revoked', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const issued = await issueFor(session, names);
    await post(session, await bench.wire.place('revokeCert'), { certificate: issued.leaf });
    expect((await windowOf(bench, renewalIdOf(issued))).end).toBeLessThan(bench.clock.now().getTime());
  });

  it('ties an order to the certificate that it replaces, once', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const replaces = renewalIdOf(await issueFor(session, names));
    const next = await placeOrder(session, names, { replaces });
    expect(next.body.replaces).toBe(replaces);
    const again = await askForOrder(session, names, { replaces });
    expect(verdictOf(again)).toEqual([409, 'alreadyReplaced']);
    await authorize({ ...session, setTxt: () => undefined }, next);
    expect(bodyOf<OrderBody>(await post(session, next.url)).status).toBe('invalid');
    expect((await issueFor(session, names, { order: { replaces } })).done.replaces).toBe(replaces);
    // An order that brought a certificate counts for ever.
    bench.clock.advance(8 * DAY);
    expect(verdictOf(await askForOrder(session, names, { replaces }))).toEqual([409, 'alreadyReplaced']);
  });

  it('knows what was issued in former days, and whose it is', async () => {
    const bench = await start();
    const now = bench.clock.now().getTime();
    const { spki } = await createKeys('P-256');
    const life = { notBefore: new Date(now - 60 * DAY), notAfter: new Date(now + 30 * DAY) };
    const accountKey = makeAccountKey();
    const seed = { spki, names, commonName: 'www.contoso.example', ...life, accountKey: accountKey.jwk };
    const seeded = bench.acme.seed(seed);
    const leaf = new X509Certificate(seeded.leaf);
    expect([leaf.subject, leaf.subjectAltName]).toEqual([
      'CN=www.contoso.example',
      'DNS:www.contoso.example, DNS:api.contoso.example',
    ]);
    const [issuing] = seeded.chains[0]?.slice(1) ?? [];
    expect(leaf.verify(new X509Certificate(issuing ?? '').publicKey)).toBe(true);
    expect((await windowOf(bench, seeded.renewalId)).end).toBeLessThan(now + 31 * DAY);
    const refused = await askForOrder(await openAccount(bench), names, { replaces: seeded.renewalId });
    expect(verdictOf(refused)).toEqual([403, 'unauthorized']);
    const { wire } = bench;
    const url = await wire.place('newAccount');
    const known = await wire.post({ url, key: accountKey, payload: { onlyReturnExisting: true } });
    const session = { ...bench, key: accountKey, kid: known.headers.location ?? '' };
    expect((await placeOrder(session, names, { replaces: seeded.renewalId })).body.replaces).toBe(seeded.renewalId);
  });

  it('ties no order to a certificate of others, of other names, or of nobody', async () => {
    const bench = await start();
    const session = await openAccount(bench);
    const replaces = renewalIdOf(await issueFor(session, names));
    const refused = async (who: Session, what: readonly string[], id: string) =>
      verdictOf(await askForOrder(who, what, { replaces: id }));
    expect(await refused(await openAccount(bench), names, replaces)).toEqual([403, 'unauthorized']);
    expect(await refused(session, ['other.example'], replaces)).toEqual([400, 'malformed']);
    expect(await refused(session, names, 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')).toEqual([404, 'malformed']);
    expect(await refused(session, names, 'nonsense')).toEqual([400, 'malformed']);
  });
});

describe('limits', () => {
  const twice = { count: 2, seconds: 3600 };
  const LIMITED = [429, 'rateLimited'];

  it('count the orders of an account, and say when there is room again', async () => {
    const bench = await start({ quota: { orders: twice } });
    const session = await openAccount(bench);
    await placeOrder(session, ['a.example']);
    bench.clock.advance(600_000);
    await placeOrder(session, ['b.example']);
    const refused = await askForOrder(session, ['c.example']);
    expect([...verdictOf(refused), refused.headers['retry-after']]).toEqual([...LIMITED, '3000']);
    bench.clock.advance(3_000_000);
    await placeOrder(session, ['c.example']);
    expect((await askForOrder(await openAccount(bench), ['d.example'])).status).toBe(201);
  });

  it('can be told as a date', async () => {
    const bench = await start({ quota: { orders: { count: 0, seconds: 60 } }, retryAfter: 'date' });
    bench.acme.faults.add({ kind: 'rate-limited' });
    const { headers } = await askForOrder(await openAccount(bench), names);
    expect(headers['retry-after']).toBe(new Date(bench.clock.now().getTime() + 600_000).toUTCString());
  });

  it.each([
    ['certificates for the same names', { sameNames: twice }, ['www.contoso.example', 'api.contoso.example']],
    ['certificates for a domain', { domain: twice }, ['new.contoso.example']],
  ])('count %s', async (_what, quota, asked) => {
    const bench = await start({ quota });
    const session = await openAccount(bench);
    await issueFor(session, names);
    expect((await askForOrder(session, asked)).status).toBe(201);
    const { done, leaf, ...issued } = await issueFor(session, [...names].reverse());
    expect(verdictOf(await askForOrder(session, asked))).toEqual(LIMITED);
    expect((await askForOrder(session, ['www.fabrikam.test'])).status).toBe(201);
    // A renewal that the CA asked for is exempt.
    const replaces = renewalIdOf({ done, leaf, ...issued });
    expect(verdictOf(await askForOrder(session, names, { replaces }))).toEqual(LIMITED);
    bench.acme.suggestWindow('now');
    expect((await askForOrder(session, names, { replaces })).status).toBe(201);
  });

  it('count the failures of a host', async () => {
    const session = await openAccount(await start({ quota: { failures: twice } }));
    for (let index = 0; index < 2; index += 1) {
      const order = await placeOrder(session, ['www.contoso.example']);
      await authorize({ ...session, setTxt: () => undefined }, order);
    }
    expect(verdictOf(await askForOrder(session, ['www.contoso.example']))).toEqual(LIMITED);
    expect((await askForOrder(session, ['api.contoso.example'])).status).toBe(201);
  });
});
