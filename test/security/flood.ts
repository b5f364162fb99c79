import { Agent, request } from 'node:http';
import type { Host } from '../../local/host/host.ts';

/** Deliveries that are under way at a time. */
export const atOnce = 16;

/**
 * Delivers events over connections that stay open, as Event Grid's front ends do. `bodyOf` gives the body of the n-th.
 * `milliseconds`: how long each took, in the order in which they were answered.
 */
export async function flood(
  { url, keys }: Host,
  bodyOf: (at: number) => string,
  count: number,
): Promise<{ readonly statuses: number[]; readonly milliseconds: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const path = `/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${keys.systemEventGrid}`;
  const headers = { 'content-type': 'application/json', 'aeg-event-type': 'Notification' };
  const send = (body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(`${url}${path}`, { method: 'POST', agent, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      call.on('error', reject).end(body);
    });
  const statuses: number[] = [];
  const milliseconds: number[] = [];
  const sender = async (place: number): Promise<void> => {
    for (let at = place; at < count; at += atOnce) {
      const began = performance.now();
      statuses.push(await send(bodyOf(at)));
      milliseconds.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, place) => sender(place)));
  agent.destroy();
  return { statuses, milliseconds };
}

export function timesOf(milliseconds: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.POSITIVE_INFINITY;
  return { p50: at(0.5), p99: at(0.99) };
}
