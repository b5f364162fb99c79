import { createHash } from 'node:crypto';
import { operate } from './operator.ts';
import type { World } from './world.ts';

const HOUR = 3_600_000;

/**
 * A create that arrives when nobody waits for it any more may leave an operation whose CSR nobody has heard of. The app
 * cannot tell it from somebody else's and says so; whoever is told takes it away within hours.
 */
export function discardStray(world: World, vault: string, name: string, csr: unknown): void {
  if (typeof csr !== 'string') return;
  const csrSha256 = createHash('sha256').update(Buffer.from(csr, 'base64')).digest('hex');
  const path = `/certificates/${name}/pending`;
  world.clock.after(world.dice.scale('stray', HOUR, 12 * HOUR), async () => {
    const { body } = await operate(world, { vault, method: 'GET', path });
    if (body.csr !== csr || body.status !== 'inProgress') return;
    const order = await world.stores.estate.orderForCsr(vault, name, csrSha256);
    if (order === undefined) await operate(world, { vault, method: 'DELETE', path });
  });
}
