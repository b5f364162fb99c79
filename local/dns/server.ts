import { createSocket, type Socket } from 'node:dgram';
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

/** A DNS server on a UDP port of loopback. It knows TXT and CNAME records: of every other type a name has none. */
export async function startDnsServer(lookup: TextLookup, options: DnsServerOptions = {}): Promise<DnsServer> {
  const { port = 0, cnames = new Map() } = options;
  const socket = createSocket('udp4');
  socket.on('message', (packet, from) => {
    void answer(packet, lookup, cnames).then((reply) => {
      // Whoever asked may be gone, or the server may be closed by now.
      if (isOpen) socket.send(reply, from.port, from.address, () => undefined);
    });
  });
  let isOpen = true;
  await listening(socket, port);
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () =>
      new Promise((resolve) => {
        isOpen = false;
        socket.close(() => resolve());
      }),
  };
}

function listening(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
}

async function answer(packet: Buffer, lookup: TextLookup, cnames: ReadonlyMap<string, string>): Promise<Buffer> {
  const query = readQuery(packet);
  if (query === undefined) return writeRefusal(packet, responseCodes.formatError);
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
