import { Agent, get } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../../local/host/http/exchange.ts';

it('a listener that closes answers what runs, then lets connections go that their clients keep alive', async () => {
  let answer: () => void = () => undefined;
  let arrived: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const listener = await listen({
    hostname: '127.0.0.1',
    port: 0,
    answer: () =>
      new Promise((resolve) => {
        answer = () => resolve({ status: 204 });
        arrived();
      }),
    log: () => undefined,
  });
  const agent = new Agent({ keepAlive: true });
  const status = new Promise((resolve, reject) => {
    get(listener.origin, { agent }, (response) => resolve(response.resume().statusCode)).once('error', reject);
  });
  await running;
  const began = performance.now();
  const closed = listener.close();
  answer();
  expect(await status).toBe(204);
  await closed;
  // Without that, the server's own keep-alive of five seconds would pass.
  expect(performance.now() - began).toBeLessThan(3000);
  agent.destroy();
});
