import { createDecipheriv, createHmac, type DecipherGCM } from 'node:crypto';

/** What a client has of its own handshake: the server's bytes and, for TLS 1.3, the secret they are encrypted with. */
export interface Transcript {
  readonly received: Uint8Array;
  /** Of Node's `keylog` event: `SERVER_HANDSHAKE_TRAFFIC_SECRET <client random> <secret>`. */
  readonly secret: Uint8Array | undefined;
  /** The cipher suite's standard name. */
  readonly cipher: string;
}

/**
 * The certificates (DER) of the server's Certificate message, exactly as they were sent. Node itself shows a chain that
 * it has put into order, completed and stripped of what does not belong to it, so that a server with a wrong chain would
 * look right. `undefined` when the message cannot be read.
 */
export function sentCertificates(transcript: Transcript): readonly Buffer[] | undefined {
  let handshake = Buffer.alloc(0);
  try {
    for (const fragment of handshakeFragments(transcript)) {
      handshake = Buffer.concat([handshake, fragment]);
      const message = certificateMessage(handshake);
      if (message !== undefined) return certificatesOf(message, transcript.secret !== undefined);
    }
  } catch (error) {
    // Bytes that are no handshake of a kind known here: out of range, or not what the secret decrypts.
    if (error instanceof RangeError || isDecryptionFailure(error)) return undefined;
    throw error;
  }
  return undefined;
}

function isDecryptionFailure(error: unknown): boolean {
  return error instanceof Error && /unable to authenticate/i.test(error.message);
}

const record = { handshake: 22, applicationData: 23 } as const;
const CERTIFICATE = 11;
const TAG_BYTES = 16;

/** The handshake's parts, record by record (RFC 8446 5.1); those of TLS 1.3 are taken out of their encryption. */
function* handshakeFragments({ received, secret, cipher }: Transcript): Generator<Buffer> {
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  const decrypt = secret === undefined ? undefined : decryption(secret, cipher);
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    if (end > bytes.length) return;
    const type = bytes.readUInt8(at);
    if (type === record.handshake) yield bytes.subarray(at + 5, end);
    if (type === record.applicationData && decrypt !== undefined) {
      const inner = decrypt(bytes.subarray(at, at + 5), bytes.subarray(at + 5, end));
      if (inner.at(-1) === record.handshake) yield inner.subarray(0, -1);
    }
    at = end;
  }
}

type Algorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** The suites of TLS 1.3 that OpenSSL offers unless it is told otherwise. */
const suites: Readonly<Record<string, { algorithm: Algorithm; keyBytes: number; hash: string }>> = {
  TLS_AES_128_GCM_SHA256: { algorithm: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  TLS_AES_256_GCM_SHA384: { algorithm: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  TLS_CHACHA20_POLY1305_SHA256: { algorithm: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
};

/** RFC 8446 5.2 and 5.3: the nonce is the record's number mixed into the IV; zeros pad the text before its last octet. */
function decryption(secret: Uint8Array, cipher: string): ((header: Buffer, body: Buffer) => Buffer) | undefined {
  const suite = suites[cipher];
  if (suite === undefined) return undefined;
  const key = expandLabel(secret, { hash: suite.hash, label: 'key', bytes: suite.keyBytes });
  const iv = expandLabel(secret, { hash: suite.hash, label: 'iv', bytes: 12 });
  let number = 0;
  return (header, body) => {
    if (body.length < TAG_BYTES) throw new RangeError('a record is shorter than its tag');
    const nonce = Buffer.from(iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number++) >>> 0, 8);
    const decipher = decipherOf(suite.algorithm, key, nonce)
      .setAAD(header, { plaintextLength: body.length - TAG_BYTES })
      .setAuthTag(body.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]);
    const last = text.findLastIndex((octet) => octet !== 0);
    return text.subarray(0, last + 1);
  };
}

function decipherOf(algorithm: Algorithm, key: Buffer, nonce: Buffer): DecipherGCM {
  const options = { authTagLength: TAG_BYTES };
  return algorithm === 'chacha20-poly1305'
    ? createDecipheriv(algorithm, key, nonce, options)
    : createDecipheriv(algorithm, key, nonce, options);
}

/** HKDF-Expand-Label of RFC 8446 7.1, for no more bytes than one block of the hash. */
function expandLabel(secret: Uint8Array, want: { hash: string; label: string; bytes: number }): Buffer {
  const label = Buffer.from(`tls13 ${want.label}`);
  const info = Buffer.concat([Buffer.from([0, want.bytes, label.length]), label, Buffer.from([0, 1])]);
  return createHmac(want.hash, secret).update(info).digest().subarray(0, want.bytes);
}

/** The body of the first Certificate message, once all of it is there. */
function certificateMessage(handshake: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= handshake.length; ) {
    const end = at + 4 + handshake.readUIntBE(at + 1, 3);
    if (end > handshake.length) return undefined;
    if (handshake.readUInt8(at) === CERTIFICATE) return handshake.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}

/** RFC 5246 7.4.2; TLS 1.3 puts a context before the list and extensions after each entry (RFC 8446 4.4.2). */
function certificatesOf(message: Buffer, isVersion13: boolean): readonly Buffer[] | undefined {
  const found: Buffer[] = [];
  const listAt = isVersion13 ? 1 + message.readUInt8(0) : 0;
  const listEnd = listAt + 3 + message.readUIntBE(listAt, 3);
  for (let at = listAt + 3; at < listEnd; ) {
    const end = at + 3 + message.readUIntBE(at, 3);
    if (end > Math.min(listEnd, message.length)) return undefined;
    found.push(message.subarray(at + 3, end));
    at = isVersion13 ? end + 2 + message.readUInt16BE(end) : end;
  }
  return found;
}
