import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { beat, startHeartbeat } from '../src/renewal/beat.ts';
import type { HeartbeatInput } from '../src/renewal/heartbeat.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { gauges } from '../src/renewal/measure.ts';
import { appOf } from './app-of.ts';

df.app.activity('beat', {
  handler: async (input: unknown, context: InvocationContext) => {
    await beat(input as HeartbeatInput, await currentApp());
    context.log(logText({ message: 'heartbeat', ...(input as HeartbeatInput) }));
  },
});

df.app.client.timer('startHeartbeat', {
  schedule: loadSchedule('heartbeatSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const app = await appOf(client, context);
    const pulse = await startHeartbeat(app);
    if (pulse.state === 'stale')
      context.warn(logText({ message: 'heartbeat is stale', code: 'heartbeat-stale', ...pulse }));
    for (const line of await gauges(app)) context.log(logText(line));
  },
});
