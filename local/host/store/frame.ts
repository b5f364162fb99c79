import { crc32 } from 'node:zlib';

/**
 * A record on disk: length of the payload, checksum of the payload, checksum of these eight bytes, payload (JSON).
 * The header's own checksum tells a record that was cut off from one whose length was damaged.
 */
export const FRAME_HEADER_BYTES = 12;

export type FrameRead =
  | { readonly state: 'record'; readonly record: unknown; readonly bytes: number }
  /** The bytes end before the frame does: a write that was cut off. */
  | { readonly state: 'short' }
  | { readonly state: 'damaged'; readonly what: 'length' | 'content'; readonly bytes: number };

export function encodeFrame(record: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(record), 'utf8');
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  frame.writeUInt32LE(crc32(frame.subarray(0, 8)), 8);
  payload.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

export function readFrame(bytes: Buffer, offset: number): FrameRead {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return { state: 'short' };
  const header = bytes.subarray(offset, offset + FRAME_HEADER_BYTES);
  if (header.readUInt32LE(8) !== crc32(header.subarray(0, 8))) return { state: 'damaged', what: 'length', bytes: 0 };
  const length = header.readUInt32LE(0);
  const start = offset + FRAME_HEADER_BYTES;
  if (bytes.length - start < length) return { state: 'short' };
  const payload = bytes.subarray(start, start + length);
  const size = FRAME_HEADER_BYTES + length;
  if (header.readUInt32LE(4) !== crc32(payload)) return { state: 'damaged', what: 'content', bytes: size };
  return { state: 'record', record: JSON.parse(payload.toString('utf8')), bytes: size };
}
