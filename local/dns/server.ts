import { createSocket, type Socket } from 'node:dgram';
import { readQuery, recordTypes, responseCodes, writeAnswer, writeRefusal } from './packet.ts';

/** The TXT records of a name; none when there are none. It throws when the zone cannot be asked: the resolver hears SERVFAIL. */
export type TextLookup = (name: string) => Promise<readonly string[]>;

export interface DnsServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  close(): Promise<void>;
}

/** A DNS server on a UDP port of loopback, any free one by default. It knows TXT records alone: of every other type a name has none. */
export async function startDnsServer(lookup: TextLookup, port = 0): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (packet, from) => {
    void answer(packet, lookup).then((reply) => {
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

async function answer(packet: Buffer, lookup: TextLookup): Promise<Buffer> {
  const query = readQuery(packet);
  if (query === undefined) return writeRefusal(packet, responseCodes.formatError);
  if (query.question.type !== recordTypes.txt) return writeAnswer(query, []);
  try {
    return writeAnswer(query, await lookup(query.question.name));
  } catch {
    // The cause is the lookup's to tell; DNS has one code for all of them.
    return writeAnswer(query, [], responseCodes.serverFailure);
  }
}
