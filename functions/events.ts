import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { loadEventQueue } from '../src/config/load.ts';
import { noteArrival } from '../src/monitor/arrivals.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { eventLine } from '../src/renewal/log-line.ts';
import { takeEvent } from '../src/renewal/take-event.ts';
import { inTrace } from '../src/trace.ts';
import { eventTraceParent, firstTraceParent } from '../src/trace-parent.ts';
import { appOf } from './app-of.ts';

/** A throw makes Event Grid, or the queue, deliver again: it means "cannot tell", never "do not want". */
async function take(event: unknown, client: df.DurableClient, context: InvocationContext): Promise<void> {
  const app = await appOf(client, context);
  await noteArrival(event, app);
  const trace = firstTraceParent(eventTraceParent(event), context.traceContext?.traceParent);
  const taken = await inTrace(trace, () => takeEvent(event, app));
  context.log(logText(eventLine(event, taken, trace)));
}

df.app.client.eventGrid('certificateEvent', { handler: take });

const queueName = loadEventQueue();
if (queueName !== undefined) {
  const connection = 'AzureWebJobsStorage';
  df.app.client.storageQueue('queuedCertificateEvent', { queueName, connection, handler: take });
}
