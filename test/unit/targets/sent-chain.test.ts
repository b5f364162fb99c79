import { describe, expect, it } from 'vitest';
import { sentCertificates } from '../../../src/targets/sent-chain.ts';

const uint = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
const sized = (bytes: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(body.length, bytes), body]);
};
const message = (type: number, body: Buffer): Buffer => Buffer.concat([uint(type, 1), sized(3, body)]);
const record = (type: number, body: Buffer): Buffer => Buffer.concat([uint(type, 1), uint(0x0303, 2), sized(2, body)]);

const [leaf, issuer] = [Buffer.from('leaf'), Buffer.from('issuer')];
const hello = message(2, Buffer.from('hello'));
const certificates = message(11, sized(3, sized(3, leaf), sized(3, issuer)));
const read = (received: Buffer, secret?: Buffer) =>
  sentCertificates({ received, secret, cipher: 'TLS_AES_128_GCM_SHA256' })?.map(String);

// Encrypted handshakes are covered by the probe's contract test, against OpenSSL.
describe('sentCertificates', () => {
  it('reads the list of TLS 1.2 in its order', () => {
    expect(read(record(22, Buffer.concat([hello, certificates])))).toEqual(['leaf', 'issuer']);
  });

  it('puts a message together that is spread over records', () => {
    const [first, second] = [certificates.subarray(0, 7), certificates.subarray(7)];
    expect(read(Buffer.concat([record(22, hello), record(22, first), record(22, second)]))).toEqual(['leaf', 'issuer']);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a record', record(22, certificates).subarray(0, 20)],
    ['an alert', record(21, Buffer.from([2, 40]))],
    ['a handshake without certificates', record(22, hello)],
    ['lengths beyond the end', record(22, message(11, Buffer.from([0, 0, 9, 0, 0, 200])))],
  ])('has no answer for %s', (_, received) => {
    expect(read(received)).toBeUndefined();
  });

  it('has no answer for a record that is shorter than its tag', () => {
    expect(read(record(23, Buffer.alloc(3)), Buffer.alloc(32))).toBeUndefined();
  });

  it('has no answer for what the secret does not decrypt', () => {
    expect(read(record(23, Buffer.alloc(60)), Buffer.alloc(32))).toBeUndefined();
  });
});
