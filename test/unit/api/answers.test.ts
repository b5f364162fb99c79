import { describe, expect, it } from 'vitest';
import { linksOf, type RenewalView, renewalView } from '../../../src/api/answers.ts';

const view: RenewalView = {
  id: 'shop-tls-crc3ri6b3ic6osbe',
  vault: 'shop',
  certificate: 'tls',
  reason: 'manual',
  stage: 'close',
  outcome: 'renewed',
  outcomeReason: 'served',
  issuer: 'ca',
  oldSha256: 'ab'.repeat(32),
  newSha256: 'cd'.repeat(32),
  targets: [{ id: 'app-service:shop:shop.contoso.example', kind: 'app-service', verified: true }],
  startedAt: '2026-03-08T00:00:00.000Z',
  updatedAt: '2026-03-08T00:01:00.000Z',
};

describe('renewalView', () => {
  it('takes a whole renewal as it is', () => {
    expect(renewalView.parse(view)).toEqual(view);
  });

  it.each([
    ['stage', 'lunch'],
    ['outcome', 'fine'],
    ['reason', 'why not'],
    ['startedAt', '8 March'],
    ['newSha256', 'AB'],
  ])('refuses a %s that is none', (field, value) => {
    expect(renewalView.safeParse({ ...view, [field]: value }).success).toBe(false);
  });
});

describe('linksOf', () => {
  it('lets nothing but an id into an address', () => {
    expect(linksOf('https://p.example', 'a-1')).toEqual({
      self: 'https://p.example/api/renewals/a-1',
      cancel: 'https://p.example/api/renewals/a-1/cancel',
    });
    expect(linksOf('', '../x?y').self).toBe('/api/renewals/..%2Fx%3Fy');
  });
});
