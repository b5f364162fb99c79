import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type DnsRecord, readQuery, recordTypes, responseCodes, writeAnswer, writeRefusal } from './packet.ts';

/** The TXT records of a name; none when there are none. It throws when the zone cannot be asked: the resolver hears SERVFAIL. */
export type TextLookup = (name: string) => Promise<readonly string[]>;

export interface DnsServerOptions {
  /** Any free one by default. */
  readonly port?: number;
  /** Names that stand for others, without trailing dots. */
  readonly cnames?: ReadonlyMap<string, string>;
}

export interface DnsServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  close(): Promise<void>;
}

type Reply = (packet: Buffer) => Promise<Buffer>;

/** A DNS server on a port of loopback, by UDP and TCP. It knows TXT and CNAME records: of every other type a name has none. */
export async function startDnsServer(lookup: TextLookup, options: DnsServerOptions = {}): Promise<DnsServer> {
  const { port: wanted = 0, cnames = new Map() } = options;
  const datagrams = createSocket('udp4');
  let isOpen = true;
  datagrams.on('message', (packet, from) => {
    void answer(packet, { lookup, cnames }).then((reply) => {
      // Whoever asked may be gone, or the server may be closed by now.
      if (isOpen) datagrams.send(reply, from.port, from.address, () => undefined);
    });
  });
  const streams = createServer((socket) =>
    serveStream(socket, (packet) => answer(packet, { lookup, cnames, isStream: true })),
  );
  const open = new Set<Socket>();
  streams.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const port = await listening(datagrams, streams, wanted);
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      isOpen = false;
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => datagrams.close(() => resolve()));
      await new Promise<void>((resolve) => streams.close(() => resolve()));
    },
  };
}

/** One port for both: the one that streams get, which datagrams nearly always may have too. */
async function listening(datagrams: DatagramSocket, streams: Server, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    streams.once('error', reject);
    streams.listen(wanted, '127.0.0.1', resolve);
  });
  const { port } = streams.address() as AddressInfo;
  await new Promise<void>((resolve, reject) => {
    datagrams.once('error', reject);
    datagrams.bind(port, '127.0.0.1', resolve);
  });
  return port;
}

/** Messages follow each other, each behind its length in two octets (RFC 1035 4.2.2). */
function serveStream(socket: Socket, reply: Reply): void {
  let left = Buffer.alloc(0);
  // Whoever asked may be gone.
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => {
    left = Buffer.concat([left, bytes]);
    while (left.length >= 2 && left.length >= 2 + left.readUInt16BE(0)) {
      const end = 2 + left.readUInt16BE(0);
      const packet = left.subarray(2, end);
      left = left.subarray(end);
      void reply(packet).then((answered) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answered.length);
        if (!socket.destroyed) socket.write(Buffer.concat([length, answered]));
      });
    }
  });
}

interface Answering {
  readonly lookup: TextLookup;
  readonly cnames: ReadonlyMap<string, string>;
  /** Nothing is cut there. */
  readonly isStream?: boolean;
}

async function answer(packet: Buffer, { lookup, cnames, isStream = false }: Answering): Promise<Buffer> {
  const asked = readQuery(packet);
  if (asked === undefined) return writeRefusal(packet, responseCodes.formatError);
  const query = isStream ? { ...asked, largestAnswer: LARGEST_MESSAGE } : asked;
  const { name, type } = query.question;
  const links = linksOf(name, cnames);
  if (type === recordTypes.cname) return writeAnswer(query, links.slice(0, 1));
  if (type !== recordTypes.txt) return writeAnswer(query, links);
  try {
    const owner = links.at(-1)?.target ?? name;
    const texts = await lookup(owner);
    return writeAnswer(query, [...links, ...texts.map((text): DnsRecord => ({ type: 'txt', owner, text }))]);
  } catch {
    // The cause is the lookup's to tell; DNS has one code for all of them.
    return writeAnswer(query, [], responseCodes.serverFailure);
  }
}

/** Its length has two octets. */
const LARGEST_MESSAGE = 65_535;

/** More than resolvers follow: a circle is cut, not gone round for ever. */
const MOST_LINKS = 16;

/** From a name to the one that it stands for in the end (RFC 1034 3.6.2). */
function linksOf(name: string, cnames: ReadonlyMap<string, string>): readonly Extract<DnsRecord, { type: 'cname' }>[] {
  const links: Extract<DnsRecord, { type: 'cname' }>[] = [];
  for (let owner = name; links.length < MOST_LINKS; ) {
    const target = cnames.get(owner);
    if (target === undefined) break;
    links.push({ type: 'cname', owner, target });
    owner = target;
  }
  return links;
}
