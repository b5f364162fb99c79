import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { publishCrls } from '../../../src/issuers/publish-crls.ts';
import type { CrlReport } from '../../../src/issuers/vault-ca-crl.ts';
import { crlLines } from '../../../src/renewal/crl-lines.ts';
import { anEstate } from '../plan/build.ts';

const report = (authority: string, more: object): CrlReport =>
  ({ authority, subject: 'CN=CA', number: '7', entries: 2, ...more }) as CrlReport;

describe('publishCrls', () => {
  it('goes on when one issuer fails, and tells of what happened', async () => {
    const [plan] = Object.values(anEstate().issuers);
    if (plan === undefined) throw new TypeError('no issuer');
    const issuers = { one: { ...plan }, none: { ...plan }, two: { ...plan } };
    const crls = [report('aa', { state: 'published' }), report('bb', { state: 'current' })];
    const publishers = new Map([
      [issuers.one, () => Promise.reject(new RenewalError('vault-unreachable', 'key-vault: down'))],
      [issuers.two, async () => [...crls, report('cc', { state: 'failed', detail: 'key is disabled' })]],
    ]);
    const reports = await publishCrls({ issuers }, (one) => {
      const publish = publishers.get(one as typeof plan);
      return publish && { publish, publishFor: () => Promise.reject(new TypeError('not asked for')) };
    });
    expect(crlLines(reports)).toEqual([
      {
        line: { message: 'CRL failed', issuer: 'one', authority: undefined, detail: 'key-vault: down' },
        isFailure: true,
      },
      { line: { message: 'CRL published', issuer: 'two', authority: 'aa', number: '7', entries: 2 }, isFailure: false },
      { line: { message: 'CRL failed', issuer: 'two', authority: 'cc', detail: 'key is disabled' }, isFailure: true },
    ]);
  });

  it('hides no mistake of ours', async () => {
    const { issuers } = anEstate();
    const broken = publishCrls({ issuers }, () => ({
      publish: () => Promise.reject(new TypeError('ours')),
      publishFor: () => Promise.reject(new TypeError('ours')),
    }));
    await expect(broken).rejects.toThrow('ours');
  });
});
