/** One question of a DNS query (RFC 1035 4.1.2). */
export interface Question {
  /** Lower case, without the trailing dot. */
  readonly name: string;
  readonly type: number;
  /** The octets of the question, to be sent back as they came. */
  readonly wire: Buffer;
}

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly question: Question;
  /** What the client takes in one datagram: 512 octets, or what it says by EDNS (RFC 6891). */
  readonly largestAnswer: number;
}

export const recordTypes = { cname: 5, txt: 16, opt: 41 } as const;
export const responseCodes = { ok: 0, formatError: 1, serverFailure: 2, notImplemented: 4 } as const;
export type ResponseCode = (typeof responseCodes)[keyof typeof responseCodes];

/** A record of an answer; names are lower case and without the trailing dot. */
export type DnsRecord =
  | { readonly type: 'txt'; readonly owner: string; readonly text: string }
  | { readonly type: 'cname'; readonly owner: string; readonly target: string };

const HEADER_OCTETS = 12;
const CLASS_INTERNET = 1;
const SMALLEST_DATAGRAM = 512;
/** Larger ones are cut into pieces on the way. */
const LARGEST_DATAGRAM = 4096;

/** The one question of a standard query; `undefined` for anything else, which is answered by nothing but its id. */
export function readQuery(packet: Buffer): Query | undefined {
  if (packet.length < HEADER_OCTETS) return undefined;
  const flags = packet.readUInt16BE(2);
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery || packet.readUInt16BE(4) !== 1) return undefined;
  const name = readName(packet, HEADER_OCTETS);
  if (name === undefined || packet.length < name.end + 4) return undefined;
  const end = name.end + 4;
  if (packet.readUInt16BE(name.end + 2) !== CLASS_INTERNET) return undefined;
  return {
    id: packet.readUInt16BE(0),
    recursionDesired: (flags & 0x0100) !== 0,
    question: {
      name: name.text.toLowerCase(),
      type: packet.readUInt16BE(name.end),
      wire: packet.subarray(HEADER_OCTETS, end),
    },
    largestAnswer: largestAnswer(packet, end),
  };
}

/** Names of questions are not compressed: nothing comes before them that they could point to. */
function readName(packet: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = packet[at];
    if (length === undefined || length > 63 || at + 1 + length > packet.length) return undefined;
    at += 1;
    if (length === 0) return { text: labels.join('.'), end: at };
    labels.push(packet.toString('latin1', at, at + length));
    at += length;
  }
}

/** Of the additional records only OPT counts, and resolvers send it as the only one: root name, type, size. */
function largestAnswer(packet: Buffer, at: number): number {
  const isAlone = packet.readUInt16BE(6) === 0 && packet.readUInt16BE(8) === 0 && packet.readUInt16BE(10) === 1;
  if (!isAlone || packet.length < at + 11 || packet[at] !== 0) return SMALLEST_DATAGRAM;
  if (packet.readUInt16BE(at + 1) !== recordTypes.opt) return SMALLEST_DATAGRAM;
  return Math.min(LARGEST_DATAGRAM, Math.max(SMALLEST_DATAGRAM, packet.readUInt16BE(at + 3)));
}

/**
 * An authoritative answer with these records. What does not fit is left out and the packet says so (TC): a resolver
 * asks again by TCP then.
 */
export function writeAnswer(
  query: Query,
  records: readonly DnsRecord[],
  code: ResponseCode = responseCodes.ok,
): Buffer {
  const parts: Buffer[] = [];
  let length = HEADER_OCTETS + query.question.wire.length;
  for (const wanted of records) {
    const record = recordOf(wanted, query.question.name);
    if (length + record.length > query.largestAnswer) break;
    parts.push(record);
    length += record.length;
  }
  const header = Buffer.alloc(HEADER_OCTETS);
  const isCut = parts.length < records.length;
  header.writeUInt16BE(query.id, 0);
  // QR and AA, TC when cut, RD as asked, RA.
  header.writeUInt16BE(0x8480 | (isCut ? 0x0200 : 0) | (query.recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(parts.length, 6);
  return Buffer.concat([header, query.question.wire, ...parts]);
}

/** Nothing but the id is known of a packet that could not be read. */
export function writeRefusal(packet: Buffer, code: ResponseCode): Buffer {
  const header = Buffer.alloc(HEADER_OCTETS);
  packet.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8000 | code, 2);
  return header;
}

/** A record of time to live 0; a name that was asked for points back to the question (RFC 1035 4.1.4). */
function recordOf(record: DnsRecord, asked: string): Buffer {
  const owner = record.owner === asked ? Buffer.of(0xc0, HEADER_OCTETS) : nameOctets(record.owner);
  const data = record.type === 'txt' ? textOctets(record.text) : nameOctets(record.target);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(recordTypes[record.type], 0);
  fixed.writeUInt16BE(CLASS_INTERNET, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function nameOctets(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

/** Strings of at most 255 octets (RFC 1035 3.3.14). */
function textOctets(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const strings: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const piece = bytes.subarray(at, at + 255);
    strings.push(Buffer.of(piece.length), piece);
  }
  return Buffer.concat(strings);
}
