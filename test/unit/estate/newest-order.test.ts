import { describe, expect, it } from 'vitest';
import { newestOrder } from '../../../src/estate/newest-order.ts';
import { orderRow } from '../../contract/estate-suite.ts';

const [january, march] = ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];

describe('newestOrder', () => {
  it.each([
    ['none of none', [], undefined],
    ['the later one', [orderRow('b', { createdAt: march }), orderRow('c', { createdAt: january })], 'b'],
    ['the greater id of two at the same moment', [orderRow('b'), orderRow('a')], 'b'],
  ])('answers with %s', (_, orders, renewalId) => {
    expect(newestOrder(orders)?.renewalId).toBe(renewalId);
  });
});
