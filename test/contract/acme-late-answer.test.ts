import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { Emulator } from '../../local/emulator.ts';
import { createAcme } from '../../local/issuers/acme/acme.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { Arm } from '../../src/azure/arm.ts';
import { RenewalError } from '../../src/errors.ts';
import type { OrderStatus } from '../../src/issuers/port.ts';
import { type AcmeUnderTest, DOMAIN, issuerAt } from './acme-bench.ts';
import { requestOf } from './acme-renewal.ts';
import { type EmulatedZone, startZone } from './emulated-zone.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface SlowCa extends AcmeUnderTest {
  readonly clock: ManualClock;
  /** How often the CA was told that a challenge is answered. */
  readonly told: () => number;
}

/** A CA that looks `seconds` after it was told, and leaves the challenge `pending` until then; `onTold` hears each time. */
async function slowCa(seconds: number, onTold: (clock: ManualClock, times: number) => void = () => undefined) {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const zone = await startZone(DOMAIN, { clock });
  const acme = createAcme({ clock, txt: zone.txt, reusePercent: 0, faults: [], validationSeconds: [seconds, seconds] });
  let told = 0;
  const counted: Emulator = {
    handle(request) {
      if (request.method === 'POST' && request.url.pathname.startsWith('/challenge/')) onTold(clock, ++told);
      return acme.handle(request);
    },
  };
  const transport = createTransportCa();
  const listener = await serveEmulator(counted, { port: 0, tls: transport.issue() });
  closers.push(zone.close, () => listener.close());
  const server = { directory: `${listener.url}/directory`, trust: transport.caPem, clock };
  const under = issuerAt(server, zone, { plan: { dns: { zones: [zone.id], waitSeconds: 0 } } });
  return { ...under, clock, told: () => told } satisfies SlowCa;
}

interface Polls {
  readonly everySeconds: number;
  readonly most: number;
  readonly arm?: Arm;
}

/** Places an order and polls it with issuers that remember nothing, as after a restart; with the last status. */
async function pollAnew({ clock, restarted }: SlowCa, { everySeconds, most, arm }: Polls): Promise<OrderStatus> {
  const request = await requestOf([`www.${DOMAIN}`, `*.${DOMAIN}`]);
  const order = await restarted().submit(request);
  if ('state' in order) throw new TypeError(order.reason);
  for (let polls = 1; ; polls += 1) {
    const status = await restarted({}, arm && { arm }).poll({ ...order, csr: async () => request.csr });
    if (status.state !== 'pending' || polls === most) return status;
    clock.advance(everySeconds * 1000);
  }
}

/** Resource Manager as somebody sees it whose notes are always overtaken by the writes of others. */
function forgetful({ arm }: EmulatedZone): Arm {
  return {
    ...arm,
    put(id, body, when) {
      if (!JSON.stringify(body).includes('perennialTold')) return arm.put(id, body, when);
      return Promise.reject(new RenewalError('arm-conflict', 'somebody else was first'));
    },
  };
}

describe('a CA that takes its time', () => {
  it('is told once that a challenge is answered, whoever polls', async () => {
    const ca = await slowCa(60);
    expect(await pollAnew(ca, { everySeconds: 10, most: 20 })).toMatchObject({ state: 'issued' });
    expect(ca.told()).toBe(2);
    expect(ca.zone.names()).toEqual([]);
  });

  it.each([
    [540, 2],
    [660, 4],
  ])(
    'has been told %d seconds after the first time %d times, for it forgets within ten minutes or not at all',
    async (seconds, times) => {
      const ca = await slowCa(3600);
      expect(await pollAnew(ca, { everySeconds: seconds / 3, most: 4 })).toMatchObject({ state: 'pending' });
      expect(ca.told()).toBe(times);
    },
  );

  it('may decide between the look at a challenge and another answer to it', async () => {
    // Each answer after the first two finds the look done: the emulator looks at what is due before it reads the answer.
    const ca = await slowCa(60, (clock, times) => void (times > 2 && clock.advance(61_000)));
    const polls = { everySeconds: 1, most: 12, arm: forgetful(ca.zone) };
    expect(await pollAnew(ca, polls)).toMatchObject({ state: 'issued' });
    expect(ca.told()).toBeGreaterThan(2);
  });
});
