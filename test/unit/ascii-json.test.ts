import { describe, expect, it } from 'vitest';
import { asciiJson } from '../../src/ascii-json.ts';

describe('asciiJson', () => {
  it.each([
    ['plain', { owner: 'team-web', count: 3 }],
    ['accents', { owner: 'Bücher & Ähnliches' }],
    ['characters beyond the first plane', ['😀', '\u2028']],
    ['escapes', { text: 'a "quoted" \\u00fc\n' }],
  ])('is read as what was written: %s', (_title, value) => {
    const text = asciiJson(value);
    expect(text).toMatch(/^[\0-\x7f]*$/);
    expect(JSON.parse(text)).toEqual(value);
  });

  it('leaves plain text as JSON has it', () => {
    expect(asciiJson({ owner: 'team-web' })).toBe('{"owner":"team-web"}');
  });
});
