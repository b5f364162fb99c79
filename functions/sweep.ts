import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { loadSchedule } from '../src/config/load.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { estateLines, reportLine } from '../src/renewal/log-line.ts';
import { sweepMetrics } from '../src/renewal/measure.ts';
import { type Expiry, sweep } from '../src/renewal/sweep.ts';
import { sweepUses } from '../src/renewal/sweep-uses.ts';
import type { CredentialExpiry } from '../src/renewal/watch-credentials.ts';
import { appOf } from './app-of.ts';

df.app.client.timer('sweep', {
  schedule: loadSchedule('sweepSchedule'),
  handler: async (_timer: Timer, client: df.DurableClient, context: InvocationContext) => {
    const app = await appOf(client, context);
    const expiries: Expiry[] = [];
    const credentials: CredentialExpiry[] = [];
    const report = await sweep(
      app,
      (expiry) => void expiries.push(expiry),
      (credential) => void credentials.push(credential),
    );
    for await (const line of estateLines(app.store)) context.log(logText(line));
    for (const line of sweepMetrics(report, { expiries, credentials }, app.clock.now())) context.log(logText(line));
    context.log(logText(reportLine('sweep done', report)));
    const uses = await sweepUses(app);
    if (uses !== undefined) context.log(logText(uses));
  },
});
