import type { InvocationContext } from '@azure/functions';
import type * as df from 'durable-functions';
import { type App, currentApp } from '../src/app.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { closedRowLine } from '../src/renewal/log-line.ts';
import { closedRowMetrics } from '../src/renewal/measure.ts';
import type { StartDependencies } from '../src/renewal/start.ts';

/** The app as one call of a function has it: with the durable client of the call, and its log. */
export async function appOf(client: df.DurableClient, context: InvocationContext): Promise<App & StartDependencies> {
  const onClosed: StartDependencies['onClosed'] = (row) => {
    for (const line of closedRowMetrics(row)) context.log(logText(line));
    context.log(logText(closedRowLine(row)));
  };
  return { ...(await currentApp()), orchestrations: createOrchestrations(client), onClosed };
}
