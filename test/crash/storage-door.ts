import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import type { Traps } from './traps.ts';

const doors = ['blob', 'queue', 'table'] as const;

/** Durable storage that can be killed and started again behind one address. */
export interface StorageDoor extends Azurite {
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same folder. */
  restart(): Promise<void>;
}

/** Azurite behind a door that every call of the app goes through. While Azurite is down, connections are cut. */
export async function openStorageDoor(directory: string, traps: Traps): Promise<StorageDoor> {
  let azurite = await startAzurite({ directory, durable: true });
  const open = doors.map((door) => ({ door, server: doorServer(door, () => azurite, traps) }));
  await Promise.all(open.map(({ server }) => listening(server)));
  const urls = Object.fromEntries(
    open.map(({ door, server }) => {
      const url = new URL(azurite.urls[door]);
      url.port = String((server.address() as AddressInfo).port);
      return [door, url.href];
    }),
  ) as unknown as Azurite['urls'];
  const connectionString = doors.reduce(
    (text, door) => text.replace(azurite.urls[door], urls[door]),
    azurite.connectionString,
  );
  return {
    urls,
    connectionString,
    get pid() {
      return azurite.pid;
    },
    async kill() {
      process.kill(azurite.pid, 'SIGKILL');
      await azurite.stop();
    },
    async restart() {
      azurite = await startAzurite({ directory, durable: true });
    },
    async stop() {
      for (const { server } of open) {
        server.close();
        server.closeAllConnections();
      }
      await azurite.stop();
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function doorServer(of: (typeof doors)[number], azurite: () => Azurite, traps: Traps): Server {
  return createServer((incoming, outgoing) => {
    void forward(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method = 'GET', url = '/', headers } = incoming;
    const call = { of, method, path: decodeURIComponent(url.split('?', 1)[0] ?? ''), body: body.toString() };
    const answer = await traps.pass(call, () => ask(new URL(url, azurite().urls[of]), { method, headers, body }));
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  }
}

interface Asked {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function ask(url: URL, { method, headers, body }: Asked) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      buffer(answer).then(
        (bytes) => resolve({ status: answer.statusCode ?? 502, headers: withoutFraming(answer.headers), body: bytes }),
        reject,
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The body was taken in whole: how it came in pieces does not matter any more. */
function withoutFraming(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { 'transfer-encoding': _, ...rest } = headers;
  return rest;
}
