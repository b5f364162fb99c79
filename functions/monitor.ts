import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { getReaders } from '../src/api/readers.ts';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { checkEventPaths } from '../src/monitor/event-paths.ts';
import { deadLines, lookLine } from '../src/monitor/log-lines.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { handled } from './handled.ts';

df.app.client.timer('checkEventPaths', {
  schedule: loadSchedule('eventPathSchedule'),
  handler: async (_timer: Timer, _client: df.DurableClient, context: InvocationContext) => {
    const report = await checkEventPaths(await currentApp());
    if (report === undefined) return;
    for (const line of deadLines(report)) context.warn(logText(line));
    const line = lookLine(report);
    if (report.state === 'failed') context.warn(logText(line));
    else context.log(logText(line));
  },
});

df.app.client.http('certificateReaders', {
  route: 'certificates/{vault}/{name}/readers',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled(({ app: asked }, { params, query }) =>
    getReaders(asked, { vault: params.vault, name: params.name, days: query.get('days') }),
  ),
});
