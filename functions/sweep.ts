import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { estateLines, reportLine } from '../src/renewal/log-line.ts';
import { sweep } from '../src/renewal/sweep.ts';

df.app.client.timer('sweep', {
  schedule: loadSchedule('sweepSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const app = { ...(await currentApp()), orchestrations: createOrchestrations(client) };
    const report = await sweep(app);
    for await (const line of estateLines(app.store)) context.log(logText(line));
    context.log(logText(reportLine('sweep done', report)));
  },
});
