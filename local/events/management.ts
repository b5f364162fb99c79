import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../emulator.ts';
import type { DeliveryLog } from './delivery-log.ts';
import type { EventGrid } from './grid.ts';
import type { VaultEvent } from './types.ts';

export interface EventGridDoorOptions {
  readonly grid: EventGrid;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  /** Vaults of the stand: events of these carry their real ids, those of other names a made-up one. */
  readonly vaults?: readonly { readonly name: string; readonly resourceId: string; readonly uri: string }[];
}

/**
 * The stand's own door to Event Grid, so that a client that knows nothing of us can try its delivery: subscribe, raise an
 * event, see what was sent. Azure has no such thing: there, subscriptions are ARM resources and vaults raise the events.
 * It is open to whoever reaches loopback; it takes only JSON by its content type, so that no web page can reach it.
 */
export function createEventGridDoor(options: EventGridDoorOptions): Emulator {
  const { grid, deliveries } = options;
  const routes: Readonly<Record<string, (request: EmulatorRequest) => EmulatorResponse | Promise<EmulatorResponse>>> = {
    'POST /subscriptions': (request) => withBody(subscriptionShape, request, (body) => subscribe(grid, body)),
    'POST /events': (request) => withBody(eventShape, request, (body) => publish(options, body)),
    'GET /deliveries': () => jsonResponse(200, { waiting: grid.waiting(), deliveries: deliveries.latest() }),
  };
  return {
    async handle(request) {
      const route = routes[`${request.method} ${request.url.pathname.replace(/\/$/, '')}`];
      return route === undefined ? refusal(404, `there are ${Object.keys(routes).join(', ')}`) : route(request);
    },
  };
}

const subscriptionShape = z.strictObject({
  name: z.string(),
  endpoint: z.string(),
  schema: z.enum(['EventGridSchema', 'CloudEventSchemaV1_0']),
  source: z.string().optional(),
  includedEventTypes: z.array(z.string()).optional(),
  subjectBeginsWith: z.string().optional(),
  maxDeliveryAttempts: z.number().optional(),
  eventTimeToLiveInMinutes: z.number().optional(),
  maxEventsPerBatch: z.number().optional(),
});

async function subscribe(grid: EventGrid, body: z.infer<typeof subscriptionShape>): Promise<EmulatorResponse> {
  const { name, endpoint, schema, ...given } = body;
  const rest = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const answer = await grid.subscribe({ name, endpoint, schema, ...rest });
  return answer.state === 'subscribed' ? jsonResponse(201, { name, state: answer.state }) : refusal(400, answer.reason);
}

const seconds = z.int().nullable().default(null);
const eventShape = z.strictObject({
  type: z.enum([
    'Microsoft.KeyVault.CertificateNewVersionCreated',
    'Microsoft.KeyVault.CertificateNearExpiry',
    'Microsoft.KeyVault.CertificateExpired',
  ]),
  vaultName: z.string().regex(/^[A-Za-z0-9-]{3,24}$/, '3 to 24 of A-Z a-z 0-9 -'),
  objectName: z.string().regex(/^[A-Za-z0-9-]{1,127}$/, '1 to 127 of A-Z a-z 0-9 -'),
  version: z
    .string()
    .regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits')
    .optional(),
  nbf: seconds,
  exp: seconds,
});

function publish({ grid, clock, vaults = [] }: EventGridDoorOptions, body: z.infer<typeof eventShape>) {
  const { type, vaultName, objectName, nbf, exp, version = randomBytes(16).toString('hex') } = body;
  const known = vaults.find(({ name }) => name.toLowerCase() === vaultName.toLowerCase());
  const subscription = '00000000-0000-0000-0000-000000000000';
  const {
    uri = `https://${vaultName}.vault.azure.net`,
    resourceId = `/subscriptions/${subscription}/resourceGroups/stand/providers/Microsoft.KeyVault/vaults/${vaultName}`,
  } = known ?? {};
  const id = `${uri}/certificates/${objectName}/${version}`;
  const at = { vaultResourceId: resourceId, vaultName, objectName, version, id };
  const raised: VaultEvent = { type, time: clock.now(), ...at, nbf, exp };
  grid.publish(raised);
  return jsonResponse(202, raised);
}

function withBody<T>(
  shape: z.ZodType<T>,
  request: EmulatorRequest,
  act: (body: T) => EmulatorResponse | Promise<EmulatorResponse>,
): EmulatorResponse | Promise<EmulatorResponse> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return refusal(415, 'content-type must be application/json');
  const body = shape.safeParse(jsonBody(request));
  if (body.success) return act(body.data);
  return refusal(
    400,
    body.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '),
  );
}

const refusal = (status: number, reason: string): EmulatorResponse =>
  jsonResponse(status, { state: 'refused', reason });
