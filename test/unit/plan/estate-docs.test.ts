import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEstate } from '../../../src/plan/estate-file.ts';

const page = readFileSync(new URL('../../../docs/estate-file.md', import.meta.url), 'utf8');

describe('the example of the docs', () => {
  it('is an estate file without mistakes', () => {
    const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const estate = readEstate(text, 'docs/estate-file.md');
    expect(estate.certificates.map(({ vault, name, plan }) => `${vault}/${name}: ${plan}`)).toEqual([
      'contoso-web/shop: web',
    ]);
    expect(estate.certificates[0]?.targets[0]?.id).toBe('app-service:shop:shop.contoso.example');
  });
});
