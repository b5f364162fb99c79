import { systemClock } from '../clock.ts';
import { createDeliveryLog } from '../events/delivery-log.ts';
import { createEventGrid } from '../events/grid.ts';
import { createEventGridDoor } from '../events/management.ts';
import { type Ground, portOffsets } from './ground.ts';
import { seededRandom } from './random.ts';

/** Event Grid without storage: what cannot be delivered is dropped, as without a dead-letter container in Azure. */
export async function startEventGrid(
  ground: Ground,
  { seed, log }: { readonly seed: number; readonly log: (message: string) => void },
): Promise<Record<string, unknown>> {
  const deliveries = createDeliveryLog(systemClock);
  const grid = createEventGrid({
    clock: systemClock,
    random: seededRandom(seed),
    send: deliveries.send,
    log: (_level, message) => log(message),
  });
  ground.onStop(() => grid.stop());
  const door = createEventGridDoor({ grid, deliveries, clock: systemClock });
  const { url } = await ground.mount(door, { offset: portOffsets.events, name: 'events' });
  const subscription = {
    name: 'my-subscription',
    endpoint: 'http://127.0.0.1:<port>/<path>',
    schema: 'EventGridSchema | CloudEventSchemaV1_0',
  };
  const event = {
    type: 'Microsoft.KeyVault.CertificateNearExpiry',
    vaultName: 'my-vault',
    objectName: 'my-certificate',
  };
  return {
    door: {
      subscribe: { method: 'POST', url: `${url}/subscriptions`, body: subscription },
      raise: { method: 'POST', url: `${url}/events`, body: event },
      deliveries: { method: 'GET', url: `${url}/deliveries` },
    },
  };
}
