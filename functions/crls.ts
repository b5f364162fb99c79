import type { InvocationContext, Timer } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { loadSchedule } from '../src/config/load.ts';
import { crlLines } from '../src/renewal/crl-lines.ts';
import { logText } from '../src/renewal/log-fields.ts';

df.app.client.timer('publishCrls', {
  schedule: loadSchedule('crlSchedule'),
  handler: async (_timer: Timer, _client: df.DurableClient, context: InvocationContext) => {
    for (const { line, isFailure } of crlLines(await (await currentApp()).publishCrls())) {
      if (isFailure) context.warn(logText(line));
      else context.log(logText(line));
    }
  },
});
