import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { accept } from '../../src/certificate/acceptance.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { RenewalError } from '../../src/errors.ts';
import type { Issuer, Order, OrderRequest, OrderStatus, PlacedOrder } from '../../src/issuers/port.ts';

/** An issuer that may be asked for certificates, and what is known of it. */
export interface IssuerUnderTest {
  readonly issuer: Issuer;
  /** DERs of the roots that its chains end at. */
  readonly roots: readonly Uint8Array[];
  /** A DNS name below which it issues. */
  readonly domain: string;
  readonly validityDays: number;
  readonly now: () => Date;
  /** How many certificates the issuer has made so far, where somebody counts them. */
  readonly issuedCount?: () => number;
  /** Lets time pass between two polls. */
  readonly wait: (seconds: number) => Promise<void>;
  readonly tearDown: () => Promise<void>;
}

/** Polls that a suite makes before it gives an order up. */
const MOST_POLLS = 30;

/** What every issuer does. */
export function issuerSuite(title: string, setUp: () => Promise<IssuerUnderTest>): void {
  describe(`${title} as an issuer`, () => {
    let under: IssuerUnderTest;
    let keys: Keys;
    let orders = 0;

    beforeAll(async () => {
      under = await setUp();
      keys = await createKeys('P-256');
    });
    afterAll(() => under?.tearDown());

    const requestOf = (dns: readonly string[], by: Keys = keys): OrderRequest => ({
      renewalId: `contract-${++orders}-AAAAAAAAAAAAAAAA`,
      csr: Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys: by })).toString('base64'),
      validityDays: under.validityDays,
    });

    const placed = (order: Order, request: OrderRequest): PlacedOrder => ({ ...order, csr: async () => request.csr });

    const submitted = async (request: OrderRequest): Promise<PlacedOrder> => {
      const answer = await under.issuer.submit(request);
      if ('state' in answer) throw new RenewalError('bug', answer.reason);
      return placed(answer, request);
    };

    const ended = async (order: PlacedOrder): Promise<Exclude<OrderStatus, { state: 'pending' }>> => {
      for (let polls = 0; polls < MOST_POLLS; polls += 1) {
        const status = await under.issuer.poll(order);
        if (status.state !== 'pending') return status;
        await under.wait(status.retryAfterSeconds);
      }
      throw new RenewalError('issuer-unreachable', `no end after ${MOST_POLLS} polls`);
    };

    const leafOf = async (order: PlacedOrder): Promise<ReturnType<typeof readCertificate>> => {
      const status = await ended(order);
      if (status.state !== 'issued') throw new RenewalError('bug', status.reason);
      return readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
    };

    it('issues what Perennial accepts, leaf first', async () => {
      const request = requestOf([`shop.${under.domain}`, `www.${under.domain}`]);
      const status = await ended(await submitted(request));
      const acceptance = accept({
        answer: status.state === 'issued' ? status.chain : [],
        csr: readCsr(Buffer.from(request.csr, 'base64')),
        profile: { validityDays: 90, minimumDays: 1, maximumDays: 398, keys: ['P-256'] },
        roots: under.roots,
        now: under.now(),
        knownSerials: [],
        startReason: 'manual',
      });
      expect(acceptance).toMatchObject({ state: 'accepted' });
      if (acceptance.state !== 'accepted' || status.state !== 'issued') return;
      expect(status.chain.slice(0, acceptance.chain.length)).toEqual(acceptance.chain);
    });

    it('never gives a longer life than was asked for', async () => {
      const leaf = await leafOf(await submitted(requestOf([`shop.${under.domain}`])));
      const days = (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 86_400_000;
      expect(days).toBeLessThanOrEqual(under.validityDays);
    });

    it('answers each poll of an ended order with the same certificate', async () => {
      const order = await submitted(requestOf([`shop.${under.domain}`]));
      const [first, second] = [await leafOf(order), await leafOf(order)];
      expect(second.serial).toBe(first.serial);
      expect(second.spkiSha256).toBe(first.spkiSha256);
    });

    it('gives different renewals different serial numbers', async () => {
      const [first, second] = [
        await leafOf(await submitted(requestOf([`shop.${under.domain}`]))),
        await leafOf(await submitted(requestOf([`shop.${under.domain}`], await createKeys('P-256')))),
      ];
      expect(second.serial).not.toBe(first.serial);
    });

    it('keeps its word about a lost answer', async () => {
      const request = requestOf([`shop.${under.domain}`]);
      const before = under.issuedCount?.() ?? 0;
      const [first, second] = [await submitted(request), await submitted(request)];
      if (under.issuer.afterLostAnswer !== 'same-order') return;
      const leaf = await leafOf(second);
      if (second.reference === first.reference) expect((await leafOf(first)).serial).toBe(leaf.serial);
      // An order that nobody heard of may stay: what counts is that it makes no certificate.
      else if (under.issuedCount !== undefined) expect(under.issuedCount() - before).toBe(1);
    });

    it('rejects a name outside its domains with a reason', async () => {
      const request = requestOf(['shop.not-ours.example']);
      const answer = await under.issuer.submit(request);
      const status = 'state' in answer ? answer : await ended(placed(answer, request));
      expect(status).toEqual({ state: 'rejected', reason: expect.stringMatching(/\S/) });
    });

    it('rejects a request that its own key did not sign', async () => {
      const dns = [`shop.${under.domain}`];
      const forged = createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys, forger: await createKeys('P-256') });
      const csr = Buffer.from(forged).toString('base64');
      const request = { ...requestOf(dns), csr };
      const answer = await under.issuer.submit(request);
      const status = 'state' in answer ? answer : await ended(placed(answer, request));
      expect(status).toMatchObject({ state: 'rejected' });
    });
  });
}
