import { spawn } from 'node:child_process';
import type { Arm } from '../../src/azure/arm.ts';
import { freePorts } from '../builders/free-ports.ts';
import type { EmulatedZone } from './emulated-zone.ts';
import { ended, untilItAnswers } from './foreign-program.ts';

/** Debian's `pebble-challtestsrv`: a DNS server that answers what it is told to. */
export interface ChallengeServer {
  /** `host:port` that names are looked up at. */
  readonly address: string;
  /** The TXT records of a name, in place of those that it had. */
  set(name: string, values: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startChallengeServer(): Promise<ChallengeServer> {
  const [dns, management] = await freePorts(2);
  const none = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
  const places = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${management}`];
  const child = spawn('pebble-challtestsrv', [...none, ...places], { stdio: ['ignore', 'pipe', 'pipe'] });
  const tell = async (order: string, body: object): Promise<void> => {
    const url = `http://127.0.0.1:${management}/${order}`;
    const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (status !== 200) throw new TypeError(`pebble-challtestsrv: ${order}: ${status}`);
  };
  const set = async (name: string, values: readonly string[]): Promise<void> => {
    const host = `${name}.`;
    await tell('clear-txt', { host });
    for (const value of values) await tell('set-txt', { host, value });
  };
  await untilItAnswers({ name: 'pebble-challtestsrv', child }, () => tell('clear-txt', { host: 'nobody.example.' }));
  return {
    address: `127.0.0.1:${dns}`,
    set,
    close: () => ended(child),
  };
}

/** What is written into the zone is answered by that server, as the name servers of Azure DNS would. */
export function answeredBy(server: ChallengeServer, zone: EmulatedZone): EmulatedZone {
  const publish = async (id: string): Promise<void> => {
    const [, record = ''] = id.split('/TXT/');
    const domain = zone.id.split('/').at(-1) ?? '';
    const name = record === '@' ? domain : `${record}.${domain}`;
    await server.set(name, await zone.txt(name));
  };
  const arm: Arm = {
    ...zone.arm,
    async put(id, body, when) {
      const written = await zone.arm.put(id, body, when);
      await publish(id);
      return written;
    },
    async remove(id, when) {
      await zone.arm.remove(id, when);
      await publish(id);
    },
  };
  return { ...zone, arm };
}
