import { describe, expect, it } from 'vitest';
import { targetId } from '../../../src/plan/targets/target.ts';
import { aSite } from './build.ts';

describe('targetId', () => {
  const { site } = aSite();
  it.each([
    ['of a site', site, 'app-service:shop:shop.contoso.example'],
    ['of a slot', `${site}/slots/Blue`, 'app-service:shop/blue:shop.contoso.example'],
  ])('is that %s and its host name', (_title, id, expected) => {
    expect(targetId(aSite({ site: id }))).toBe(expected);
  });
});
