import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startAzurite } from '../../local/azurite.ts';
import { type Bench, buildPrograms, openBench } from './host-app/bench.ts';

let programs = '';
beforeAll(async () => {
  programs = await buildPrograms();
});
afterAll(() => rm(programs, { recursive: true, force: true }));

describe('a host with the app in a child process', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(programs);
  });
  afterAll(() => bench.close());

  it('lists the functions of the app', () => {
    expect(bench.host.functions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['hello', 'onEvent', 'sweep', 'onMessage', 'sum', 'add', 'start']),
    );
    expect(bench.host.workerPid).not.toBe(process.pid);
  });

  it.each([
    ['GET', '/api/hello/world', 200],
    ['GET', '/API/Hello/world', 200],
    ['GET', '/api/hello/much-too-long-a-name-for-it', 404],
    ['POST', '/api/hello/world', 404],
    ['GET', '/api/unknown', 404],
    ['GET', '/', 204],
    ['GET', '/api/nothing', 204],
    ['GET', '/api/boom', 500],
    ['POST', '/api/echo', 401],
    ['POST', '/api/echo?code=wrong', 401],
    ['GET', '/api/owner', 401],
    ['GET', '/api/hello/%00', 400],
    ['GET', '/api/hello/%zz', 200],
    ['GET', '/api/hello/..%2f..%2fadmin', 200],
    ['GET', '/admin/host/ping', 200],
    ['GET', '/admin/host/status', 401],
    ['GET', '/runtime/webhooks/durabletask/instances', 401],
    ['GET', '/durabletask/instances/', 404],
  ])('%s %s gives %i', async (method, path, status) => {
    const response = await bench.call(method, path);
    expect(response.status).toBe(status);
    if (status >= 400) expect(await response.text()).toBe('');
  });

  it('refuses an address beyond 8 kB', async () => {
    expect((await bench.call('GET', `/api/hello/${'x'.repeat(9000)}`)).status).toBe(414);
  });

  it('hands parameters and query to the handler', async () => {
    const response = await bench.call('GET', '/api/hello/a%20b?q=1&q=2');
    expect(await response.json()).toEqual({ name: 'a b', q: ['1', '2'] });
  });

  it('carries bytes, status, headers and cookies', async () => {
    const bytes = new Uint8Array([0, 255, 128, 10]);
    const response = await fetch(`${bench.host.url}/api/echo?code=${bench.host.keys.function}`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(response.status).toBe(201);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('x-own')).toBe('yes');
    expect(response.headers.get('set-cookie')).toBe('seen=a%20b; samesite=strict; httponly');
  });

  it('opens the admin level with the master key only', async () => {
    const { keys } = bench.host;
    expect((await bench.call('GET', '/api/owner', { key: keys.function })).status).toBe(401);
    expect((await bench.call('GET', '/api/owner', { key: keys.master })).status).toBe(200);
  });

  it.each([
    ['that is announced', { 'content-length': String(101 * 1024 * 1024) }, 0],
    ['that comes in pieces', { 'transfer-encoding': 'chunked' }, 101],
  ])('refuses a body above 100 MB %s', async (_, headers, megabytes) => {
    const sent = request(`${bench.host.url}/api/echo`, { method: 'POST', headers });
    // The host closes the connection when it has answered, so that the rest of the upload fails.
    sent.on('error', () => {});
    const response = once(sent, 'response');
    sent.flushHeaders();
    for (let count = 0; count < megabytes; count += 1) sent.write(Buffer.alloc(1024 * 1024));
    const [{ statusCode }] = (await response) as [{ statusCode: number }];
    expect(statusCode).toBe(413);
    sent.destroy();
  });

  it('shows the app its settings, its address and the clock, and nothing of the host', async () => {
    process.env.PERENNIAL_HOST_SECRET = 'not for the app';
    const seen = (await (await bench.call('GET', '/api/environment')).json()) as { names: string[] };
    expect(seen).toMatchObject({ hostname: new URL(bench.host.url).host, now: bench.clock.now().toISOString() });
    expect(seen.names).toContain('SWEEP_SCHEDULE');
    expect(seen.names).not.toContain('PERENNIAL_HOST_SECRET');
    delete process.env.PERENNIAL_HOST_SECRET;
    expect(bench.lines).toContainEqual(
      expect.objectContaining({ category: 'user', message: 'looked around', functionName: 'environment' }),
    );
  });

  it('takes events of both schemas', async () => {
    const hook = `/runtime/webhooks/eventgrid?functionName=onEvent&code=${bench.host.keys.systemEventGrid}`;
    const notification = { 'aeg-event-type': 'Notification', 'content-type': 'application/json' };
    const post = (body: string, headers: Record<string, string>) => bench.call('POST', hook, { body, headers });
    expect((await post('[{"id":"e1","eventType":"A"},{"id":"e2","eventType":"A"}]', notification)).status).toBe(202);
    const cloud = { ...notification, 'content-type': 'application/cloudevents+json' };
    expect((await post('{"specversion":"1.0","id":"c1","type":"B"}', cloud)).status).toBe(202);
    expect((await post('[{"id":"e3","data":{"fail":true}}]', notification)).status).toBe(500);
    expect((await post('[{', notification)).status).toBe(400);
    const handshake = await post('[{"data":{"validationCode":"v"}}]', { 'aeg-event-type': 'SubscriptionValidation' });
    expect(await handshake.json()).toEqual({ validationResponse: 'v' });
    const options = await bench.call('OPTIONS', hook, { headers: { 'webhook-request-origin': 'grid' } });
    expect(options.headers.get('webhook-allowed-origin')).toBe('grid');
    expect(
      bench
        .notes()
        .filter((line) => line.startsWith('event'))
        .sort(),
    ).toEqual(['event c1 B', 'event e1 A', 'event e2 A']);
  });

  it('fires the timer by the clock', async () => {
    expect(bench.host.nextRun('sweep')).toEqual(new Date('2026-01-01T01:00:00Z'));
    bench.clock.advance(30 * 60_000);
    await bench.host.idle();
    expect(bench.notes()).toContain('sweep 2026-01-01T01:00:00.000Z pastDue=false');
  });

  it('runs a function by hand', async () => {
    const before = bench.notes().length;
    const { keys } = bench.host;
    expect((await bench.call('POST', '/admin/functions/sweep', { key: keys.function, body: '{}' })).status).toBe(401);
    expect((await bench.call('POST', '/admin/functions/sweep', { key: keys.master, body: '{}' })).status).toBe(202);
    await bench.host.idle();
    expect(bench.notes()).toHaveLength(before + 1);
  });
});

describe('durable functions through the real client', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(programs);
  });
  afterAll(() => bench.close());

  const start = (path: string, body = '') =>
    bench.call('POST', `/api/start/${path}`, { key: bench.host.keys.function, body });
  const control = async (operation: string, id: string, body = '{}') => {
    const response = await bench.call('POST', `/api/control/${operation}/${id}`, {
      key: bench.host.keys.function,
      body,
    });
    const text = await response.text();
    return response.ok ? JSON.parse(text) : text;
  };
  const manage = (method: string, rest: string) => {
    const headers = { 'content-type': 'application/json' };
    return bench.call(method, `/runtime/webhooks/durabletask/${rest}`, { key: bench.host.keys.systemDurable, headers });
  };

  it('runs an orchestration to its end, with links that work', async () => {
    const response = await start('sum/sum-1', '[1,2,3]');
    expect(response.status).toBe(202);
    const links = (await response.json()) as { statusQueryGetUri: string };
    expect(links.statusQueryGetUri.startsWith(bench.host.url)).toBe(true);
    await bench.host.idle();
    const status = await fetch(links.statusQueryGetUri);
    expect(status.status).toBe(200);
    expect(await status.json()).toMatchObject({
      runtimeStatus: 'Completed',
      input: [1, 2, 3],
      output: { total: 6 },
      customStatus: { total: 6 },
    });
    expect(await control('status', 'sum-1')).toMatchObject({ runtimeStatus: 'Completed', output: { total: 6 } });
  });

  it('shows the history', async () => {
    const response = await manage('GET', 'instances/sum-1?showHistory=true&showHistoryOutput=true');
    const { historyEvents } = (await response.json()) as { historyEvents: { EventType: string }[] };
    expect(historyEvents.map(({ EventType }) => EventType)).toEqual([
      'ExecutionStarted',
      'TaskCompleted',
      'TaskCompleted',
      'TaskCompleted',
      'ExecutionCompleted',
    ]);
  });

  it('refuses a second start of a running id, and an unknown orchestration', async () => {
    expect((await start('waiter/w-1')).status).toBe(202);
    const again = await start('waiter/w-1');
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('409')]);
    const unknown = await start('nobody/x');
    expect([unknown.status, await unknown.text()]).toEqual([409, expect.stringContaining('400')]);
  });

  it('raises an event', async () => {
    await bench.host.idle();
    expect((await manage('GET', 'instances/w-1')).status).toBe(202);
    await control('raise', 'w-1', '{"by":"me"}');
    await bench.host.idle();
    expect(await control('status', 'w-1')).toMatchObject({
      runtimeStatus: 'Completed',
      output: { state: 'went', with: { by: 'me' } },
    });
    expect(await control('raise', 'unknown')).toContain('No instance');
  });

  it('waits forty days on the clock', async () => {
    await start('waiter/w-2');
    await bench.host.idle();
    bench.clock.advance(41 * 24 * 3_600_000);
    await bench.host.idle();
    expect(await control('status', 'w-2')).toMatchObject({ runtimeStatus: 'Completed', output: { state: 'expired' } });
  });

  it('suspends, resumes, terminates and purges', async () => {
    await start('waiter/w-3');
    await bench.host.idle();
    await control('suspend', 'w-3');
    await bench.host.idle();
    expect(await control('status', 'w-3')).toMatchObject({ runtimeStatus: 'Suspended' });
    await control('resume', 'w-3');
    await bench.host.idle();
    expect((await manage('DELETE', 'instances/w-3')).status).toBe(412);
    await control('terminate', 'w-3');
    await bench.host.idle();
    expect(await control('status', 'w-3')).toMatchObject({ runtimeStatus: 'Terminated' });
    expect((await manage('POST', 'instances/w-3/terminate?reason=x')).status).toBe(410);
    expect(await control('purge', 'w-3')).toEqual({ instancesDeleted: 1 });
    expect(await control('status', 'w-3')).toContain('404');
  });

  it('lists and purges many through the management API', async () => {
    expect(await control('all', 'none')).toHaveLength(3);
    const list = (await (await manage('GET', 'instances?instanceIdPrefix=w-')).json()) as { instanceId: string }[];
    expect(list.map(({ instanceId }) => instanceId).sort()).toEqual(['w-1', 'w-2']);
    expect((await manage('DELETE', 'instances')).status).toBe(400);
    const purged = await manage('DELETE', 'instances?createdTimeFrom=2026-01-01&runtimeStatus=Completed');
    expect(await purged.json()).toEqual({ instancesDeleted: 3 });
  });
});

describe('a host that loses its worker', () => {
  it('finishes an orchestration whose activity was killed in the middle', async () => {
    const bench = await openBench(programs);
    try {
      const { host } = bench;
      await bench.call('POST', '/api/start/survivor/s-1', { key: host.keys.function });
      await vi.waitFor(() => expect(bench.notes()).toHaveLength(1), { timeout: 10_000 });
      const first = host.workerPid ?? 0;
      process.kill(first, 'SIGKILL');
      await vi.waitFor(
        async () => {
          // The hub pauses before it repeats a lost call, and its clock is ours.
          bench.clock.advance(1000);
          expect(await host.hub.status('s-1')).toMatchObject({ runtimeStatus: 'Completed' });
        },
        { timeout: 20_000, interval: 100 },
      );
      expect(bench.notes()).toHaveLength(2);
      const status = await host.hub.status('s-1');
      expect(status).toMatchObject({ runtimeStatus: 'Completed', output: { before: 2, pid: host.workerPid } });
      expect(host.workerPid).not.toBe(first);
      expect((await bench.call('GET', '/api/hello/again')).status).toBe(200);
    } finally {
      await bench.close();
    }
  });

  it('stops with its child', async () => {
    const bench = await openBench(programs);
    const pid = bench.host.workerPid ?? 0;
    await bench.close();
    expect(() => process.kill(pid, 0)).toThrow();
  });
});

describe('a host with the app in its own process', () => {
  it.each(['first', 'second'])('serves and runs orchestrations, the %s time', async () => {
    const bench = await openBench(programs, { worker: 'in-process' });
    try {
      expect(bench.host.workerPid).toBeUndefined();
      expect(await (await bench.call('GET', '/api/hello/you')).json()).toMatchObject({ name: 'you' });
      await bench.call('POST', '/api/start/sum/sum-1', { key: bench.host.keys.function, body: '[4]' });
      await bench.host.idle();
      expect(await bench.host.hub.status('sum-1')).toMatchObject({ output: { total: 4 } });
    } finally {
      await bench.close();
    }
    expect(process.env.SWEEP_SCHEDULE).toBeUndefined();
  });
});

describe('a host with a storage queue', () => {
  it('hands messages to the function, and moves what fails too often to the poison queue', async () => {
    const azurite = await startAzurite();
    const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
    const work = queues.getQueueClient('work');
    await work.create();
    const send = (text: string) => work.sendMessage(Buffer.from(text).toString('base64'));
    await send('{"id":1}');
    await send('{"id":2,"bad":true}');
    await work.sendMessage('no base64!');
    const bench = await openBench(programs, { settings: { QUEUES: azurite.connectionString } });
    try {
      const poison = queues.getQueueClient('work-poison');
      const peeked = async () => (await poison.peekMessages({ numberOfMessages: 5 })).peekedMessageItems;
      await vi.waitFor(async () => expect(await peeked()).toHaveLength(2), { timeout: 20_000, interval: 200 });
      await bench.host.idle();
      expect(bench.notes().sort()).toEqual([
        'message {"id":1} try=1',
        'message {"id":2,"bad":true} try=1',
        'message {"id":2,"bad":true} try=2',
        'message {"id":2,"bad":true} try=3',
      ]);
      expect((await work.getProperties()).approximateMessagesCount).toBe(0);
    } finally {
      await bench.close();
      await azurite.stop();
    }
  });
});
