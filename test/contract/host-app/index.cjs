// The app that the host's contract tests run: every kind of trigger, through the real libraries.
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const { app } = require('@azure/functions');
const df = require('durable-functions');

const { NOTES } = process.env;
const note = (line) => appendFileSync(NOTES, `${line}\n`);
const notes = () => (existsSync(NOTES) ? readFileSync(NOTES, 'utf8').split('\n') : []);
const now = () => globalThis[Symbol.for('perennial.clock')]?.now() ?? new Date();

app.http('hello', {
  route: 'hello/{name:length(1,20)}',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (request) => ({ jsonBody: { name: request.params.name, q: request.query.getAll('q') } }),
});
app.http('echo', {
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request) => ({
    status: 201,
    headers: { 'content-type': request.headers.get('content-type') ?? '', 'x-own': 'yes' },
    cookies: [{ name: 'seen', value: 'a b', httpOnly: true, sameSite: 'Strict' }],
    body: Buffer.from(await request.arrayBuffer()),
  }),
});
app.http('boom', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: () => {
    throw new Error('the inside of the app');
  },
});
app.http('nothing', { methods: ['GET'], authLevel: 'anonymous', handler: () => {} });
app.http('owner', { methods: ['GET'], authLevel: 'admin', handler: () => ({ body: 'owner' }) });
app.http('environment', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (_, context) => {
    context.log('looked around');
    return { jsonBody: { names: Object.keys(process.env), hostname: process.env.WEBSITE_HOSTNAME, now: now() } };
  },
});

app.eventGrid('onEvent', {
  handler: (event) => {
    if (event.data?.fail === true) throw new Error('not this one');
    note(`event ${event.id} ${event.type ?? event.eventType}`);
  },
});
app.timer('sweep', {
  schedule: '%SWEEP_SCHEDULE%',
  handler: (timer) => note(`sweep ${now().toISOString()} pastDue=${timer.isPastDue}`),
});
app.storageQueue('onMessage', {
  queueName: 'work',
  connection: 'QUEUES',
  handler: (message, context) => {
    note(`message ${JSON.stringify(message)} try=${context.triggerMetadata.dequeueCount}`);
    if (message.bad) throw new Error('bad message');
  },
});

const add = df.app.activity('add', { handler: ({ a, b }) => a + b });
const stuckOnce = df.app.activity('stuckOnce', {
  handler: async () => {
    note(`stuckOnce ${process.pid}`);
    // The first time it never ends: only a killed process gets the orchestration further.
    if (notes().filter((line) => line.startsWith('stuckOnce')).length === 1) await new Promise(() => {});
    return process.pid;
  },
});
df.app.orchestration('sum', function* (context) {
  let total = 0;
  for (const value of context.df.getInput()) total = yield add({ a: total, b: value });
  context.df.setCustomStatus({ total });
  return { total };
});
df.app.orchestration('survivor', function* (context) {
  const before = yield add({ a: 1, b: 1 });
  const pid = yield stuckOnce({});
  return { before, pid, id: context.df.instanceId };
});
df.app.orchestration('waiter', function* (context) {
  const due = new Date(context.df.currentUtcDateTime.getTime() + 40 * 24 * 3600 * 1000);
  const deadline = context.df.createTimer(due);
  const go = context.df.waitForExternalEvent('go');
  const winner = yield context.df.Task.any([go, deadline]);
  if (winner === deadline) return { state: 'expired' };
  deadline.cancel();
  return { state: 'went', with: go.result };
});

app.http('start', {
  route: 'start/{name}/{id?}',
  methods: ['POST'],
  authLevel: 'function',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { name, id } = request.params;
    const text = await request.text();
    const input = text === '' ? undefined : JSON.parse(text);
    try {
      const instanceId = await client.startNew(name, { instanceId: id, input });
      return client.createCheckStatusResponse(request, instanceId);
    } catch (error) {
      return { status: 409, body: error.message };
    }
  },
});
app.http('control', {
  route: 'control/{operation}/{id}',
  methods: ['POST'],
  authLevel: 'function',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const { operation, id } = request.params;
    const operations = {
      status: () => client.getStatus(id, { showInput: true }),
      all: () => client.getStatusBy({ runtimeStatus: ['Completed', 'Running'] }),
      raise: async () => client.raiseEvent(id, 'go', await request.json()),
      terminate: () => client.terminate(id, 'enough'),
      suspend: () => client.suspend(id, 'pause'),
      resume: () => client.resume(id, 'on'),
      purge: () => client.purgeInstanceHistory(id),
    };
    try {
      return { body: JSON.stringify((await operations[operation]()) ?? null) };
    } catch (error) {
      return { status: 404, body: error.message };
    }
  },
});
