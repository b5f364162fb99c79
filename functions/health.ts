import * as df from 'durable-functions';
import { getHealth, getSweep } from '../src/api/renewals.ts';
import { handled } from './handled.ts';

df.app.client.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => getHealth(call)),
});

df.app.client.http('lastSweep', {
  route: 'sweep',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => getSweep(call)),
});
