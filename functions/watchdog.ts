import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { reportLine } from '../src/renewal/log-line.ts';
import { isQuiet, watch } from '../src/renewal/watchdog.ts';

df.app.client.timer('watchdog', {
  schedule: loadSchedule('watchdogSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const report = await watch({ ...(await currentApp()), orchestrations: createOrchestrations(client) });
    // It looks once a minute: what found nothing is not worth a line.
    if (!isQuiet(report)) context.warn(logText(reportLine('watchdog acted', report)));
  },
});
