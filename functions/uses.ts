import * as df from 'durable-functions';
import { getCertificateUses, getUses } from '../src/api/uses.ts';
import { handled } from './handled.ts';

df.app.client.http('listUses', {
  route: 'uses',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled(({ app }) => getUses(app)),
});

df.app.client.http('certificateUses', {
  route: 'certificates/{vault}/{name}/uses',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled(({ app }, { params }) => getCertificateUses(app, { vault: params.vault, name: params.name })),
});
