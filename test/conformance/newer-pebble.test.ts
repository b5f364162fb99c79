import { expect, it } from 'vitest';
import { goPebble } from '../contract/go-pebble.ts';
import { atPebble } from './benches/pebble.ts';
import { conformanceSuite } from './suite.ts';

const newer = await goPebble();
if (newer.state === 'ready') conformanceSuite(atPebble('of today', { program: newer.program }));
else {
  it('says that nothing was tried', () => {
    console.log(`NOT RUN: the ACME issuer against a newer pebble: ${newer.why}`);
    expect(newer.state).toBe('missing');
  });
}
