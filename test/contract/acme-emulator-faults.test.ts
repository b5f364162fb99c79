import { createPublicKey, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAcme } from '../../local/issuers/acme/acme.ts';
import { type AcmeFault, usualFaults } from '../../local/issuers/acme/faults.ts';
import { createKeyPool } from '../../local/vault/keys.ts';
import { type EmulatorBench, startEmulator } from './acme-emulator-bench.ts';
import { verdictOf } from './acme-refusals.ts';
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
  untilDecided,
} from './acme-walk.ts';

const names = ['www.contoso.example', 'api.contoso.example'];

let bench: EmulatorBench;
let session: Session;
beforeEach(async () => {
  bench = await startEmulator();
  session = await openAccount(bench);
});
afterEach(() => bench.close());

const plant = (fault: AcmeFault): (() => void) => bench.acme.faults.add(fault);

describe('a fault', () => {
  it('strikes as often as it was told, and goes when it is taken away', async () => {
    plant({ kind: 'server-error', times: 2 });
    const order = (): Promise<unknown> => askForOrder(session, names).then(verdictOf);
    const directory = `${bench.origin}/directory`;
    expect((await bench.wire.call('GET', directory)).status).toBe(500);
    expect((await bench.wire.call('GET', directory)).status).toBe(500);
    expect(await order()).toEqual([201]);
    const remove = plant({ kind: 'rate-limited' });
    expect(await order()).toEqual([429, 'rateLimited']);
    remove();
    expect(await order()).toEqual([201]);
  });

  it('strikes one host and no other', async () => {
    plant({ kind: 'rate-limited', host: 'api.contoso.example' });
    expect((await askForOrder(session, ['www.contoso.example'])).status).toBe(201);
    expect((await askForOrder(session, ['*.api.contoso.example'])).status).toBe(429);
  });

  it('strikes in a share of the cases', async () => {
    plant({ kind: 'rate-limited', percent: 50 });
    const statuses = new Set<number>();
    for (let index = 0; index < 60 && statuses.size < 2; index += 1) {
      statuses.add((await askForOrder(session, names)).status);
    }
    expect([...statuses].sort()).toEqual([201, 429]);
  });
});

describe('the faults of the server', () => {
  it('refuse good nonces, and whoever tries again gets through', async () => {
    plant({ kind: 'bad-nonce', percent: 60 });
    expect((await issueFor(session, names)).done.status).toBe('valid');
  });

  it('are a share of refused nonces unless it is told otherwise', () => {
    expect(usualFaults).toEqual([{ kind: 'bad-nonce', percent: 5 }]);
  });

  it('are a server that is busy', async () => {
    plant({ kind: 'busy', times: 1 });
    const { status, headers } = await bench.wire.call('GET', `${bench.origin}/directory`);
    expect([status, headers['retry-after']]).toEqual([503, '60']);
  });

  it('are bodies that end too early', async () => {
    const { done } = await issueFor(session, names);
    plant({ kind: 'truncated-body', times: 1 });
    const cut = await post(session, done.certificate ?? '');
    expect([cut.status, cut.text.includes('-----END CERTIFICATE-----\n\n-----BEGIN')]).toEqual([200, true]);
    expect(dersOf(cut.text).length).toBeLessThan(3);
  });
});

describe('the faults of validation', () => {
  it.each([
    ['caa', 403],
    ['dns', 400],
    ['unauthorized', 403],
  ] as const)('are %s although the answer is right', async (kind, status) => {
    plant({ kind, host: 'api.contoso.example' });
    const order = await placeOrder(session, names);
    const decided = await authorize(session, order);
    const error = { type: `urn:ietf:params:acme:error:${kind}`, status };
    expect(decided).toMatchObject([{ status: 'valid' }, { status: 'invalid', challenges: [{ error }] }]);
    expect(bodyOf<OrderBody>(await post(session, order.url))).toMatchObject({ status: 'invalid', error });
  });

  it('are a challenge that stays pending with its error, until it is answered rightly', async () => {
    plant({ kind: 'stays-pending', times: 1 });
    const order = await placeOrder(session, ['www.contoso.example']);
    const [url = ''] = order.body.authorizations;
    await answer(session, await readAuthorization(session, url), 'something else');
    bench.pause();
    const waiting = await readAuthorization(session, url);
    expect(waiting).toMatchObject({ status: 'pending' });
    expect(waiting.challenges.find(({ type }) => type === 'dns-01')).toMatchObject({
      status: 'pending',
      error: { type: 'urn:ietf:params:acme:error:unauthorized' },
    });
    await answer(session, waiting);
    bench.pause();
    expect((await untilDecided(session, url)).status).toBe('valid');
  });
});

describe('the faults of issuance', () => {
  async function issued(kind: AcmeFault['kind']) {
    plant({ kind, times: 1 });
    const { download, keys } = await issueFor(session, names);
    const chain = dersOf(download.text).map((der) => new X509Certificate(der));
    return { chain, leaf: chain[0], keys, link: download.headers.link };
  }

  it('are a wrong key', async () => {
    const { leaf, keys } = await issued('wrong-key');
    expect(leaf?.publicKey.equals(createPublicKey(keys.privateKey))).toBe(false);
  });

  it.each([
    ['extra-name', 'DNS:www.contoso.example, DNS:api.contoso.example, DNS:intruder.example'],
    ['missing-name', 'DNS:api.contoso.example'],
  ] as const)('are an %s', async (kind, expected) => {
    expect((await issued(kind)).leaf?.subjectAltName).toBe(expected);
  });

  it('are a missing chain', async () => {
    const { chain, link } = await issued('missing-chain');
    expect([chain.length, link?.includes('alternate')]).toEqual([1, false]);
  });

  it('are an expired intermediate', async () => {
    const { chain } = await issued('expired-intermediate');
    const [, issuing, upper] = chain;
    expect(upper && issuing?.verify(upper.publicKey)).toBe(true);
    expect(Date.parse(upper?.validTo ?? '')).toBeLessThan(bench.clock.now().getTime());
  });

  it('are an order that is rejected in the end', async () => {
    plant({ kind: 'order-rejected' });
    const order = await placeOrder(session, names);
    await authorize(session, order);
    const done = await finalize(session, order, await csrFor(names));
    expect(done).toMatchObject({ status: 'invalid', error: { detail: expect.stringContaining('policy') } });
  });

  it('are a certificate that takes its time', async () => {
    plant({ kind: 'slow-issuance', seconds: 86_400 });
    const order = await placeOrder(session, names);
    await authorize(session, order);
    await post(session, order.body.finalize, { csr: await csrFor(names) });
    bench.clock.advance(86_000_000);
    const waiting = await post(session, order.url);
    expect(waiting.json?.status).toBe('processing');
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(300);
    bench.clock.advance(500_000);
    const { certificate } = bodyOf<OrderBody>(await post(session, order.url));
    expect(certificate).toMatch(/\/certificate\//);
  });
});

describe('authorizations', () => {
  it('that are valid are taken over in the share that was told', async () => {
    const generous = await startEmulator({ reusePercent: 100 });
    const account = await openAccount(generous);
    const first = await placeOrder(account, names);
    await authorize(account, first);
    const second = await placeOrder(account, names);
    expect([second.body.status, second.body.authorizations]).toEqual(['ready', first.body.authorizations]);
    await generous.close();
  });
});

describe('one seed', () => {
  it('answers the same, octet by octet', async () => {
    const run = async (): Promise<readonly unknown[]> => {
      let drawn = 7;
      const random = (): number => {
        drawn = (drawn * 48_271) % 2_147_483_647;
        return drawn / 2_147_483_647;
      };
      const acme = createAcme({ clock: { now: () => new Date(0) }, txt: async () => [], random, keyPool });
      const url = new URL('https://acme.example/new-nonce');
      const nonces = [1, 2].map(() => acme.handle({ method: 'HEAD', url, headers: {}, body: new Uint8Array() }));
      return [await Promise.all(nonces), acme.roots().map((root) => root.toString('hex'))];
    };
    const pool = await createKeyPool({ 'P-256': 4 });
    const taken = Array.from({ length: 4 }, () => pool.take('P-256'));
    let next = 0;
    const keyPool = { take: () => taken[next++ % taken.length] };
    expect(await run()).toEqual(await run());
  });
});
