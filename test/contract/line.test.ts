import { request } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jsonResponse } from '../../local/emulator.ts';
import { cut, deniesIt, loseAnswer, type Mishap, says, truncate } from '../../local/faults/mishaps.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { createLine } from '../../local/transport/line.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';

const ca = createTransportCa();
const line = createLine();
let listener: Listener;
let handled = 0;
beforeAll(async () => {
  const emulator = { handle: async () => jsonResponse(200, { told: 'x'.repeat(1000), count: ++handled }) };
  listener = await serveEmulator(emulator, { port: 0, tls: ca.issue(), line });
});
afterAll(() => listener.close());
beforeEach(() => {
  handled = 0;
});

/** One call by a new connection. */
function call(): Promise<string> {
  return new Promise((resolve) => {
    const client = request(`${listener.url}/`, { ca: ca.caPem, agent: false }, (response) => {
      let length = 0;
      response.on('data', (bytes: Buffer) => {
        length += bytes.length;
      });
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`${length > 0 ? 'half, ' : ''}${error.code}`));
      response.on('end', () => resolve(String(response.statusCode)));
    });
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    client.end();
  });
}

describe('a mishap on the wire', () => {
  it.each<[string, Mishap, string, number]>([
    ['an error in place of an answer', says(503, 'ServiceUnavailable'), '503', 0],
    ['a cut before the request arrives', cut, 'ECONNRESET', 0],
    ['a lost answer', loseAnswer, 'ECONNRESET', 1],
    ['an error after the deed', deniesIt(500, 'InternalServerError'), '500', 1],
    ['half an answer', truncate, 'half, ECONNRESET', 1],
  ])('%s is what a client sees', async (_what, mishap, seen, deeds) => {
    const end = line.add((_request, next) => mishap(next));
    expect(await call()).toBe(seen);
    expect(handled).toBe(deeds);
    end();
    expect(await call()).toBe('200');
  });
});

describe('trouble with handshakes', () => {
  it('shows an expired certificate, and lets nobody in', async () => {
    let handshakes = 0;
    const end = line.trouble({
      identity: ca.issueExpired(),
      onHandshake: () => {
        handshakes += 1;
      },
    });
    expect(await call()).toBe('CERT_HAS_EXPIRED');
    expect([handshakes, handled]).toEqual([1, 0]);
    end();
    expect(await call()).toBe('200');
  });

  it('keeps a client waiting', async () => {
    const end = line.trouble({ milliseconds: 300 });
    const began = performance.now();
    expect(await call()).toBe('200');
    expect(performance.now() - began).toBeGreaterThan(290);
    end();
  });
});
