import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { byConnection } from '../../local/stand/settings-file.ts';
import type { Stand } from '../../local/stand/stand.ts';

/** How often something was asked for, by kind. */
export type Counts = ReadonlyMap<string, number>;

/** Counts every call that the app makes of vaults and storage. */
export interface Counting {
  /** The stand's settings, with storage behind the counting front. */
  readonly settings: Readonly<Record<string, string>>;
  /** What was counted since the last call. */
  take(): { readonly vault: Counts; readonly storage: Counts };
  close(): Promise<void>;
}

export async function startCounting(stand: Stand): Promise<Counting> {
  let counts = { vault: new Map<string, number>(), storage: new Map<string, number>() };
  for (const vault of stand.cloud.vaults) {
    const { handle } = vault;
    vault.handle = (asked) => {
      // Only the app's own calls: App Service reads the secret by itself.
      if (!asked.url.pathname.startsWith('/secrets/')) add(counts.vault, `${asked.method} ${vaultRoute(asked.url)}`);
      return handle(asked);
    };
  }
  const front = await frontOf((kind) => add(counts.storage, kind));
  const connection = stand.connectionString;
  const behind = await Promise.all(
    ['Blob', 'Table'].map(async (service) => {
      const url = new RegExp(`${service}Endpoint=([^;]+)`).exec(connection)?.[1] ?? '';
      return [url, await front.before(service, new URL(url))] as const;
    }),
  );
  const storage = behind.reduce((text, [url, counted]) => text.replace(url, counted), connection);
  return {
    settings: { ...stand.settings, ...byConnection(storage) },
    take() {
      const taken = counts;
      counts = { vault: new Map(), storage: new Map() };
      return taken;
    },
    close: () => front.close(),
  };
}

function add(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

/** `/certificates/{name}/{version}`: the names are what is not the same each time. */
function vaultRoute({ pathname }: URL): string {
  const [, collection = '', , ...rest] = pathname.split('/');
  const last = rest.filter((part) => part !== '').map((part) => (/^[0-9a-f]{32}$/.test(part) ? '{version}' : part));
  return `/${[collection, '{name}', ...last].join('/')}`;
}

async function frontOf(count: (kind: string) => void) {
  const closers: (() => void)[] = [];
  return {
    async before(service: string, target: URL): Promise<string> {
      const server = createServer((asked, answer) => {
        count(`${service.toLowerCase()}: ${storageRoute(asked)}`);
        passOn(target, asked, answer);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closers.push(() => server.close().closeAllConnections());
      const { port } = server.address() as AddressInfo;
      return `http://127.0.0.1:${port}${target.pathname}`;
    },
    close: async () => {
      for (const close of closers) close();
    },
  };
}

/** Table rows by their table, blobs by their container; what is done to them by method and `comp`. */
function storageRoute({ method = '', url = '' }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, 'http://storage');
  const [, , place = ''] = pathname.split('/');
  const row = /\(PartitionKey=/.test(decodeURIComponent(place));
  const table = decodeURIComponent(place).replace(/\(.*\)$/, '');
  const comp = searchParams.get('comp');
  const kind = row ? ' row' : comp === null ? '' : ` ${comp}`;
  return `${method} ${table}${kind}`;
}

/** The header `host` goes through as it is: the signature of the call covers the path, not the host. */
function passOn(target: URL, asked: IncomingMessage, answer: ServerResponse): void {
  const { method, url: path, headers } = asked;
  const onward = forward({ host: target.hostname, port: target.port, method, path, headers }, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}
