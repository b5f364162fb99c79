import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { extensions, signCertificate } from '../../../../local/transport/x509.ts';
import { exportOrder, readChain } from '../../../../local/vault/chain.ts';

const makeKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
function make(commonName: string, key: KeyObject): Buffer {
  const subject = [[{ type: '2.5.4.3', value: commonName }]];
  const dates = { notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') };
  const content = { subject, issuer: subject, ...dates, publicKey: createPublicKey(key), signer: key };
  return signCertificate({ ...content, extensions: [extensions.basicConstraints(false)] });
}
const key = makeKey();
const [leaf, middle, root] = [make('leaf', key), make('middle', makeKey()), make('root', makeKey())];

describe('the order of a chain', () => {
  it.each([
    ['leaf first', [leaf, middle, root], false, ['leaf', 'middle', 'root']],
    ['root first', [root, middle, leaf], false, ['leaf', 'root', 'middle']],
    ['root first, preserved', [root, middle, leaf], true, ['leaf', 'middle', 'root']],
    ['leaf first, preserved', [leaf, middle, root], true, ['root', 'middle', 'leaf']],
  ])('of %s', (_title, sent, preserve, expected) => {
    const received = readChain(sent, key) ?? expect.unreachable();
    expect(exportOrder(received, preserve).map(({ subject }) => subject.replace('CN=', ''))).toEqual(expected);
  });

  it('is that of no chain when nothing belongs to the key', () => {
    expect(readChain([middle, root], key)).toBeUndefined();
  });

  it('can not be told of what is no certificate', () => {
    expect(() => readChain([Buffer.from('nonsense')], key)).toThrow(/can not be read/);
  });
});
