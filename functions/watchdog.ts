import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { loadSchedule } from '../src/config/load.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { reportLine } from '../src/renewal/log-line.ts';
import { isQuiet, watch } from '../src/renewal/watchdog.ts';
import { appOf } from './app-of.ts';

df.app.client.timer('watchdog', {
  schedule: loadSchedule('watchdogSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const report = await watch(await appOf(client, context));
    // It looks once a minute: what found nothing is not worth a line.
    if (!isQuiet(report)) context.warn(logText(reportLine('watchdog acted', report)));
  },
});
