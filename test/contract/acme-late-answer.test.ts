import { expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { Emulator } from '../../local/emulator.ts';
import { createAcme } from '../../local/issuers/acme/acme.ts';
import { createCsr, createKeys } from '../../local/pki.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { DOMAIN, issuerAt } from './acme-bench.ts';
import { startZone } from './emulated-zone.ts';

it('goes on when the CA decides between the look at a challenge and the answer to it', async () => {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const zone = await startZone(DOMAIN, { clock });
  const acme = createAcme({ clock, txt: zone.txt, reusePercent: 0, faults: [], validationSeconds: [60, 60] });
  let answers = 0;
  // Each answer after the first finds the look done: the emulator looks at what is due before it reads the answer.
  const late: Emulator = {
    handle(request) {
      if (request.method === 'POST' && request.url.pathname.startsWith('/challenge/')) {
        answers += 1;
        if (answers > 1) clock.advance(61_000);
      }
      return acme.handle(request);
    },
  };
  const transport = createTransportCa();
  const listener = await serveEmulator(late, { port: 0, tls: transport.issue() });
  const server = { directory: `${listener.url}/directory`, trust: transport.caPem, clock };
  const { issuer } = issuerAt(server, zone, { plan: { dns: { zones: [zone.id], waitSeconds: 0 } } });
  const names = [`www.${DOMAIN}`];
  const der = createCsr({ subject: `CN=${names[0]}`, names: { dns: names }, keys: await createKeys('P-256') });
  const csr = Buffer.from(der).toString('base64');
  const order = await issuer.submit({ renewalId: 'contract-race-AAAAAAAAAAAAAAAA', csr, validityDays: 90 });
  if ('state' in order) throw new TypeError(order.reason);
  const states: string[] = [];
  for (let poll = 0; poll < 12 && states.at(-1) !== 'issued' && states.at(-1) !== 'rejected'; poll += 1) {
    states.push((await issuer.poll({ ...order, csr: async () => csr })).state);
    clock.advance(1000);
  }
  expect(states.at(-1)).toBe('issued');
  await listener.close();
  await zone.close();
});
