import { describe, expect, it } from 'vitest';
import { readQuery, writeAnswer } from '../../../../local/dns/packet.ts';

/** A query as RFC 1035 4.1 writes it, with EDNS when a size is given. */
function queryFor(name: string, { type = 16, size }: { readonly type?: number; readonly size?: number } = {}): Buffer {
  const header = Buffer.from([0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, size === undefined ? 0 : 1]);
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const opt = size === undefined ? [] : [0, 0, 41, size >> 8, size & 0xff, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...header, ...labels, 0, 0, type, 0, 1, ...opt]);
}

describe('packets', () => {
  it('are read with and without EDNS', () => {
    const plain = readQuery(queryFor('WWW.contoso.example'));
    expect(plain).toMatchObject({ id: 0x1234, recursionDesired: true, largestAnswer: 512 });
    expect(plain?.question).toMatchObject({ name: 'www.contoso.example', type: 16 });
    expect(readQuery(queryFor('a.example', { size: 1232 }))?.largestAnswer).toBe(1232);
    expect(readQuery(queryFor('a.example', { size: 65_535 }))?.largestAnswer).toBe(4096);
  });

  it.each([
    ['an answer', (packet: Buffer) => packet.fill(0x80, 2, 3)],
    ['of two questions', (packet: Buffer) => packet.fill(2, 5, 6)],
    ['cut in the name', (packet: Buffer) => packet.subarray(0, 15)],
    ['of a name that points elsewhere', (packet: Buffer) => packet.fill(0xc0, 12, 13)],
    ['of another class', (packet: Buffer) => packet.fill(3, packet.length - 1)],
    ['half a header', (packet: Buffer) => packet.subarray(0, 5)],
  ])('are not read when they are %s', (_what, bend) => {
    expect(readQuery(bend(queryFor('www.contoso.example')))).toBeUndefined();
  });

  it('say that they were cut when not everything fits', () => {
    const query = readQuery(queryFor('www.contoso.example'));
    if (query === undefined) throw new TypeError('not read');
    const owner = 'www.contoso.example';
    const records = ['a', 'b', 'c'].map((letter) => ({ type: 'txt', owner, text: letter.repeat(200) }) as const);
    const packet = writeAnswer(query, records);
    expect(packet.length).toBeLessThanOrEqual(512);
    expect([packet.readUInt16BE(2) & 0x0200, packet.readUInt16BE(6)]).toEqual([0x0200, 2]);
  });
});
