import { expect, it } from 'vitest';
import { isCfsslInstalled } from '../contract/cfssl.ts';
import { cfsslServes } from './benches/cfssl-serve.ts';
import { conformanceSuite } from './suite.ts';

if (isCfsslInstalled()) for (const bench of cfsslServes) conformanceSuite(bench);
else {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: the cfssl issuer against cfssl serve: golang-cfssl is not installed');
    expect(isCfsslInstalled()).toBe(false);
  });
}
