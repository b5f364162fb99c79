import { expect, it } from 'vitest';
import { isPebbleInstalled } from '../contract/pebble.ts';
import { pebbles } from './benches/pebble.ts';
import { conformanceSuite } from './suite.ts';

if (isPebbleInstalled()) for (const bench of pebbles) conformanceSuite(bench);
else {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: the ACME issuer against pebble: pebble is not installed');
    expect(isPebbleInstalled()).toBe(false);
  });
}
