import { describe, expect, it } from 'vitest';
import { createOperations, type OperationEnd } from '../../../../local/arm/operations.ts';
import { matchTemplate } from '../../../../local/arm/request.ts';
import { ManualClock } from '../../../../local/clock.ts';

const START = new Date('2026-11-21T00:00:00Z');
const ORIGIN = 'https://localhost:1';

/** One operation of half a minute, and looks at its two addresses. */
function bench(finish: () => OperationEnd = () => ({ status: 'Succeeded' })) {
  const clock = new ManualClock(START);
  const operations = createOperations({ clock, origin: () => ORIGIN, retryAfterSeconds: 7 });
  const where = { subscription: 'one', provider: 'Microsoft.Compute', location: 'westeurope', seconds: 30 } as const;
  const begun = operations.begin({ ...where, finish });
  const get = async (address: string) => {
    const url = new URL(address);
    const [route] = operations.routes.filter(({ template }) => matchTemplate(template, url.pathname) !== undefined);
    const parameters = matchTemplate(route?.template ?? '', url.pathname) ?? {};
    const principal = { id: 'somebody', name: 'somebody' };
    const request = {
      principal,
      path: url.pathname,
      parameters,
      query: url.searchParams,
      headers: {},
      body: undefined,
    };
    const answer = await route?.run({ ...request, demand: () => undefined });
    const text = String(answer?.body ?? '');
    return { action: route?.action, status: answer?.status, headers: answer?.headers, body: text && JSON.parse(text) };
  };
  const look = () => get(begun.headers['azure-asyncoperation']);
  const result = () => get(begun.headers.location);
  return { clock, operations, begun, get, look, result };
}

describe('a long-running operation', () => {
  it('is looked at where ARM answers, under its provider, subscription and region', async () => {
    const { begun, look } = bench();
    const address = `${ORIGIN}/subscriptions/one/providers/Microsoft.Compute/locations/westeurope/operations/${begun.id}`;
    expect(begun.headers['azure-asyncoperation']).toMatch(`${address}?api-version=`);
    expect(begun.headers.location).toMatch(`${address}?monitor=true&`);
    expect(begun.headers['retry-after']).toBe('7');
    expect((await look()).action).toBe('Microsoft.Compute/locations/operations/read');
  });

  it('goes on until its time is over', async () => {
    const { clock, look, result, begun } = bench();
    clock.advance(29_999);
    expect(await look()).toMatchObject({
      ...{ status: 200, headers: { 'retry-after': '7' } },
      body: { status: 'InProgress', name: begun.id, startTime: START.toISOString() },
    });
    expect(await result()).toMatchObject({ status: 202, headers: { 'retry-after': '7' } });
    clock.advance(1);
    expect(await look()).toMatchObject({
      status: 200,
      body: { status: 'Succeeded', endTime: '2026-11-21T00:00:30.000Z' },
    });
    expect(await result()).toMatchObject({ status: 204, body: '' });
  });

  it('brings its result at both addresses', async () => {
    const { clock, look, result } = bench(() => ({ status: 'Succeeded', body: { value: 1 } }));
    clock.advance(30_000);
    expect((await look()).body).toMatchObject({ properties: { value: 1 } });
    expect(await result()).toMatchObject({ status: 200, body: { value: 1 } });
  });

  it.each(['Failed', 'Canceled'] as const)('tells why it ended as %s', async (status) => {
    const { clock, look, result } = bench(() => ({ status, code: 'Gone', message: 'it is gone' }));
    clock.advance(30_000);
    const error = { code: 'Gone', message: 'it is gone' };
    expect((await look()).body).toMatchObject({ status, error });
    expect(await result()).toMatchObject({ status: 409, body: { error } });
  });

  it('asks for its end once, when it comes', () => {
    let ends = 0;
    const { clock } = bench(() => {
      ends += 1;
      return { status: 'Succeeded' };
    });
    expect(ends).toBe(0);
    clock.advance(60_000);
    clock.advance(60_000);
    expect(ends).toBe(1);
  });

  it('ends no more when the stand has stopped', async () => {
    const { clock, operations, look } = bench();
    operations.stop();
    clock.advance(60_000);
    expect((await look()).body).toMatchObject({ status: 'InProgress' });
  });

  it('of another id is not found', async () => {
    const { begun, get } = bench();
    const other = begun.headers['azure-asyncoperation'].replace(begun.id, 'another');
    expect(await get(other)).toMatchObject({ status: 404, body: { error: { code: 'OperationNotFound' } } });
  });
});
