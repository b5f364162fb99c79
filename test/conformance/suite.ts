import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCsr, createKeys } from '../../local/pki.ts';
import { capabilities } from '../../src/issuers/port.ts';
import { type Asking, asking, expectAccepted, leafOf } from './asking.ts';
import { badAnswers } from './bad-answers.ts';
import { theCa } from './the-ca.ts';
import { theWay } from './the-way.ts';
import type { ConformanceBench, ConformanceCase, IssuerUnderTest } from './under-test.ts';

/** What a part of the suite works with; `under` and `ask` are there once the tests run. */
export interface Conformance {
  readonly under: () => IssuerUnderTest;
  readonly ask: () => Asking;
  /** A test of one case, or the reason why it is none here. */
  tries(name: ConformanceCase, title: string, run: () => Promise<void>): void;
}

const PATIENCE_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;

/** What every issuer does, whatever its CA. */
export function conformanceSuite({ title, lacks, setUp }: ConformanceBench): void {
  describe(title, () => {
    let open: IssuerUnderTest | undefined;
    const under = (): IssuerUnderTest => {
      if (open === undefined) throw new TypeError('the issuer was not set up');
      return open;
    };
    beforeAll(async () => {
      open = await setUp();
    }, PATIENCE_MILLISECONDS);
    afterAll(() => open?.tearDown());

    const conformance: Conformance = {
      under,
      ask: () => asking(under()),
      tries(name, wish, run) {
        const why = lacks[name];
        if (why === undefined) it(`${name}: ${wish}`, run, PATIENCE_MILLISECONDS);
        else {
          it(`${name}: NOT TRIED: ${why}`, () => {
            expect(why).toMatch(/\S/);
            // Where the CA can be made to do anything, what the issuer claims is tried.
            if (under().ca !== undefined) expect(under().issuer.capabilities).not.toContain(name);
          });
        }
      },
    };
    issuing(conformance);
    theWay(conformance);
    badAnswers(conformance);
    theCa(conformance);
    declaring(conformance);
  });
}

function issuing({ under, ask, tries }: Conformance): void {
  const names = (): readonly string[] => [`shop.${under().domain}`, `www.${under().domain}`];

  const issues = async (keyType: 'rsa' | 'ec'): Promise<void> => {
    const keys = await createKeys(keyType === 'rsa' ? (under().rsa ?? 'RSA-2048') : (under().ec ?? 'P-256'));
    const request = await ask().requestOf(names(), keys);
    const status = await ask().decide(request);
    const verdict = ask().judge(status, request);
    expectAccepted(verdict);
    const leaf = leafOf(status);
    expect(leaf.sha256, 'the leaf comes first').toBe(verdict.leaf.sha256);
    const days = (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / DAY_MILLISECONDS;
    expect(days, 'no longer than was asked for').toBeLessThanOrEqual(under().validityDays);
  };

  tries('issue-rsa', 'issues for an RSA key what Perennial accepts', () => issues('rsa'));
  tries('issue-ec', 'issues for an EC key what Perennial accepts', () => issues('ec'));

  it('answers each look at an ended order with the same certificate', async () => {
    const order = await ask().place(await ask().requestOf(names()));
    const [first, second] = [leafOf(await ask().end(order)), leafOf(await ask().end(order))];
    expect([second.serial, second.spkiSha256]).toEqual([first.serial, first.spkiSha256]);
  });

  it('gives different renewals different serial numbers', async () => {
    const first = leafOf(await ask().decide(await ask().requestOf(names())));
    const second = leafOf(await ask().decide(await ask().requestOf(names())));
    expect(second.serial).not.toBe(first.serial);
  });

  it('rejects a name outside its domains with a reason', async () => {
    const status = await ask().decide(await ask().requestOf(['shop.not-ours.example']));
    expect(status).toEqual({ state: 'rejected', reason: expect.stringMatching(/\S/) });
  });

  it('rejects a request that its own key did not sign', async () => {
    const dns = names();
    const [keys, forger] = [await createKeys('P-256'), await createKeys('P-256')];
    const forged = createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys, forger });
    const request = { ...(await ask().requestOf(dns, keys)), csr: Buffer.from(forged).toString('base64') };
    expect(await ask().decide(request)).toMatchObject({ state: 'rejected' });
  });

  it('rejects what is no request at all', async () => {
    const request = { ...(await ask().requestOf(names())), csr: Buffer.from('no PKCS#10').toString('base64') };
    expect(await ask().decide(request)).toMatchObject({ state: 'rejected' });
  });
}

function declaring({ under }: Conformance): void {
  it('declares just what it can do', () => {
    const { issuer } = under();
    const can = capabilities.filter((capability) => issuer[capability] !== undefined);
    expect([...issuer.capabilities].sort()).toEqual([...can].sort());
  });
}
