import * as df from 'durable-functions';
import { getHealth, getSweep, unreadyAnswer } from '../src/api/renewals.ts';
import { handled } from './handled.ts';

df.app.client.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => getHealth(call), unreadyAnswer),
});

df.app.client.http('lastSweep', {
  route: 'sweep',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => getSweep(call)),
});
