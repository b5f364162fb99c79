import { describe, expect, it } from 'vitest';
import { parseSubject, renderSubject } from '../../../../local/vault/subject.ts';

const CN = '2.5.4.3';
const O = '2.5.4.10';
const C = '2.5.4.6';

describe('subjects', () => {
  it.each([
    ['CN=a', [[{ type: CN, value: 'a' }]]],
    [
      'C=US, O=Contoso, CN=x',
      [[{ type: CN, value: 'x' }], [{ type: O, value: 'Contoso' }], [{ type: C, value: 'US' }]],
    ],
    ['CN=a;O=b', [[{ type: O, value: 'b' }], [{ type: CN, value: 'a' }]]],
    ['O="Acme, ""Inc"""', [[{ type: O, value: 'Acme, "Inc"' }]]],
    [
      'CN=a + O=b',
      [
        [
          { type: CN, value: 'a' },
          { type: O, value: 'b' },
        ],
      ],
    ],
    ['ST=Bayern', [[{ type: '2.5.4.8', value: 'Bayern' }]]],
    ['OID.1.2.3=v', [[{ type: '1.2.3', value: 'v' }]]],
    ['', []],
  ])('%j is read in the order of the DER', (text, rdns) => {
    expect(parseSubject(text)).toEqual(rdns);
  });

  it.each(['InvalidIssuer', 'XX=a', 'CN=', 'CN=a,', 'CN="a', 'C=USA', 'CN=a=b', '=a', 'CN=a,,O=b'])(
    '%j is no subject',
    (text) => {
      expect(parseSubject(text)).toBeUndefined();
    },
  );

  it.each(['CN=a, O="b, c", S=Bayern, C=DE', 'CN=a + OU=b, O=c', 'OID.1.2.3=v', 'O="say ""hi"""'])(
    '%j is written as it was read',
    (text) => {
      expect(renderSubject(parseSubject(text) ?? [])).toBe(text);
    },
  );
});
