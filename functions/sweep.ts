import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';
import { sweep } from '../src/renewal/sweep.ts';

df.app.client.timer('sweep', {
  schedule: loadSchedule('sweepSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const report = await sweep({ ...(await currentApp()), orchestrations: createOrchestrations(client) });
    context.log(JSON.stringify({ message: 'sweep done', ...report }));
  },
});
