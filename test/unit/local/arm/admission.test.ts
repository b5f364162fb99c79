import { beforeEach, describe, expect, it } from 'vitest';
import { type Admit, createAdmission } from '../../../../local/arm/admission.ts';
import { type ArmTraffic, createArmTraffic, createTrafficDoor } from '../../../../local/arm/traffic.ts';
import { ManualClock } from '../../../../local/clock.ts';

const subscription = '/subscriptions/11111111-1111-1111-1111-11111111111A';
const vm = `${subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm-1`;
const put = { method: 'PUT', path: `${vm}/runCommands/renew`, principal: { id: 'p', name: 'deployer' } };

let clock: ManualClock;
let traffic: ArmTraffic;
let admit: Admit;
beforeEach(() => {
  clock = new ManualClock(new Date('2030-01-01T00:00:00Z'));
  traffic = createArmTraffic();
  admit = createAdmission({ clock, traffic });
});

function times(count: number, request: Parameters<Admit>[0] = put) {
  return Array.from({ length: count }, () => admit(request));
}

describe('what ARM admits', () => {
  it('says how much is left, of its own bucket and of the provider’s', () => {
    expect(admit(put)).toEqual({
      state: 'admitted',
      headers: {
        'x-ms-ratelimit-remaining-subscription-writes': '199',
        'x-ms-ratelimit-remaining-resource':
          'Microsoft.Compute/UpdateVMResource;11,Microsoft.Compute/UpdateVMSubscriptionMaximum;1499',
      },
    });
  });

  it('throttles the thirteenth update of one machine in Compute’s words, and takes one more after fifteen seconds', () => {
    times(12);
    const refused = admit(put);
    expect(refused).toMatchObject({ state: 'throttled', response: { status: 429, headers: { 'retry-after': '15' } } });
    const text = refused.state === 'throttled' ? String(refused.response.body) : '';
    expect(JSON.parse(text)).toMatchObject({
      code: 'OperationNotAllowed',
      details: [{ code: 'TooManyRequests', target: 'UpdateVMResource' }],
    });
    clock.advance(15_000);
    expect(times(2).map(({ state }) => state)).toEqual(['admitted', 'throttled']);
  });

  it('throttles a principal after two hundred writes, and no other one', () => {
    const site = { ...put, path: `${subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/shop` };
    expect(times(201, site).filter(({ state }) => state === 'throttled')).toHaveLength(1);
    expect(admit({ ...site, principal: { id: 'q', name: 'sweeper' } }).state).toBe('admitted');
    expect(admit({ ...site, method: 'GET' }).state).toBe('admitted');
  });

  it('throttles all principals together after fifteen times as many', () => {
    const path = `${subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/shop`;
    const all = Array.from({ length: 16 }, (_, index) =>
      times(200, { method: 'PUT', path, principal: { id: `p${index}`, name: `p${index}` } }),
    ).flat();
    expect(all.filter(({ state }) => state === 'admitted')).toHaveLength(3000);
  });
});

describe('what ARM was asked for', () => {
  it('is told by principal, subscription and kind of call, at the stand’s door', async () => {
    times(13);
    times(2, { ...put, method: 'GET' });
    const url = new URL('http://localhost/arm');
    const answer = await createTrafficDoor(traffic).handle({ method: 'GET', url, headers: {}, body: new Uint8Array() });
    const call = 'microsoft.compute/virtualmachines/runcommands';
    const who = { principal: 'deployer', subscription: '11111111-1111-1111-1111-11111111111a' };
    expect(JSON.parse(String(answer.body))).toEqual({
      sum: { reads: 2, writes: 13, deletes: 0, throttled: 1 },
      calls: [
        { ...who, operation: 'writes', call: `PUT ${call}`, requests: 13, throttled: 1 },
        { ...who, operation: 'reads', call: `GET ${call}`, requests: 2, throttled: 0 },
      ],
    });
    expect(traffic.sum('somebody else')).toEqual({ reads: 0, writes: 0, deletes: 0, throttled: 0 });
  });

  it('is all that the door tells', async () => {
    const url = new URL('http://localhost/vaults');
    const answer = await createTrafficDoor(traffic).handle({ method: 'GET', url, headers: {}, body: new Uint8Array() });
    expect(answer.status).toBe(404);
  });
});
