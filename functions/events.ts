import type { EventGridEvent, InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';
import { takeEvent } from '../src/renewal/take-event.ts';

/** A throw makes Event Grid deliver again: it means "cannot tell", never "do not want". */
df.app.client.eventGrid('certificateEvent', {
  handler: async (event: EventGridEvent, client: df.DurableClient, context: InvocationContext) => {
    const app = { ...(await currentApp()), orchestrations: createOrchestrations(client) };
    const taken = await takeEvent(event, app);
    context.log(JSON.stringify({ message: 'event taken', ...taken }));
  },
});
