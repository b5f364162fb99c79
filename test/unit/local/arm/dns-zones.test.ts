import { describe, expect, it } from 'vitest';
import type { AccessControl, Demand } from '../../../../local/access.ts';
import { createArm } from '../../../../local/arm/arm.ts';
import { dnsRoutes } from '../../../../local/arm/dns-routes.ts';
import { createDnsZones } from '../../../../local/arm/dns-zones.ts';
import { appServiceBench, SUBSCRIPTION } from './bench.ts';

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-dns`;
const ZONE = `${GROUP}/providers/Microsoft.Network/dnsZones/contoso.example`;
const CHILD = `${GROUP}/providers/Microsoft.Network/dnsZones/eu.contoso.example`;
const SET = `${ZONE}/TXT/_acme-challenge.www`;
const NAME = '_acme-challenge.www.contoso.example';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: Record<string, unknown>;
}

/** ARM with two zones, one in the other, and a principal that may do everything but what is taken from it. */
function bench(options: { readonly propagationSeconds?: number; readonly without?: string } = {}) {
  const { clock, appService } = appServiceBench();
  const { propagationSeconds = 0, without } = options;
  let made = 0;
  const newEtag = (): string => `etag-${++made}`;
  const dns = createDnsZones({ clock, zones: [ZONE, CHILD], propagationSeconds, newEtag });
  const demands: Demand[] = [];
  const access: AccessControl = {
    demands,
    authenticate: () => ({ id: 'deployer', name: 'deployer' }),
    allows(principal, action, scope) {
      const granted = action !== without;
      demands.push({ principal: principal.name, action, scope, granted });
      return granted;
    },
  };
  const arm = createArm({ access, clock, appService, routes: dnsRoutes(dns), subscriptions: [SUBSCRIPTION] });
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const url = new URL(`https://management.azure.com${path}?api-version=2018-05-01`);
    const sent = body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body));
    const answer = await arm.handle({ method, url, headers: { authorization: 'Bearer x', ...headers }, body: sent });
    const text = String(answer.body ?? '');
    return { status: answer.status, headers: answer.headers, json: text === '' ? {} : JSON.parse(text) };
  };
  return { clock, dns, demands, call };
}

const textSet = (...records: (readonly string[])[]) => ({
  properties: { TTL: 60, TXTRecords: records.map((value) => ({ value })) },
});

describe('zones', () => {
  it('are shown one by one and listed', async () => {
    const { call } = bench();
    const { json } = await call('GET', ZONE);
    expect(json).toMatchObject({
      id: ZONE.replace('dnsZones', 'dnszones'),
      ...{ name: 'contoso.example', type: 'Microsoft.Network/dnszones', location: 'global' },
      properties: { numberOfRecordSets: 2, zoneType: 'Public' },
    });
    for (const within of [`/subscriptions/${SUBSCRIPTION}`, GROUP]) {
      const list = await call('GET', `${within}/providers/Microsoft.Network/dnszones`);
      expect(list.json.value).toMatchObject([{ name: 'contoso.example' }, { name: 'eu.contoso.example' }]);
    }
  });

  it('that are not there are told by Resource Manager, those of a record set too', async () => {
    const { call } = bench();
    const other = ZONE.replace('contoso', 'fabrikam');
    expect(await call('GET', other)).toMatchObject({ status: 404, json: { error: { code: 'ResourceNotFound' } } });
    const { status, json } = await call('PUT', `${other}/TXT/www`, textSet(['a']));
    expect([status, json]).toEqual([
      404,
      {
        error: {
          code: 'ParentResourceNotFound',
          message: `Failed to perform 'write' on resource(s) of type 'dnszones/TXT', because the parent resource '${other}' could not be found.`,
        },
      },
    ]);
  });
});

describe('TXT record sets', () => {
  it('are created, read, overwritten, listed and deleted', async () => {
    const { call } = bench();
    const created = await call('PUT', SET, {
      properties: { ...textSet(['one', 'two']).properties, metadata: { by: 'x' } },
    });
    const shape = {
      id: SET.replace('dnsZones', 'dnszones'),
      etag: 'etag-3',
      name: '_acme-challenge.www',
      type: 'Microsoft.Network/dnszones/TXT',
      properties: {
        metadata: { by: 'x' },
        fqdn: `${NAME}.`,
        TTL: 60,
        TXTRecords: [{ value: ['one', 'two'] }],
        targetResource: {},
        provisioningState: 'Succeeded',
      },
    };
    expect([created.status, created.headers.etag, created.json]).toEqual([201, 'etag-3', shape]);
    expect((await call('GET', SET.toUpperCase().replace(SUBSCRIPTION.toUpperCase(), SUBSCRIPTION))).json).toEqual(
      shape,
    );
    const changed = await call('PUT', SET, textSet(['three'], ['four']));
    expect([changed.status, changed.json.etag]).toEqual([200, 'etag-4']);
    expect((await call('GET', `${ZONE}/TXT`)).json.value).toEqual([changed.json]);
    expect((await call('DELETE', SET)).status).toBe(200);
    expect((await call('DELETE', SET)).status).toBe(204);
    expect(await call('GET', SET)).toMatchObject({
      status: 404,
      json: {
        code: 'NotFound',
        message: `The resource record '_acme-challenge.www' does not exist in resource group 'rg-dns' of subscription '${SUBSCRIPTION}'.`,
      },
    });
  });

  it('are created once when the caller says so', async () => {
    const { call } = bench();
    const onlyNew = { 'if-none-match': '*' };
    expect((await call('PUT', SET, textSet(['one']), onlyNew)).status).toBe(201);
    expect(await call('PUT', SET, textSet(['two']), onlyNew)).toMatchObject({
      status: 412,
      json: {
        code: 'PreconditionFailed',
        message: "The condition '*' in the If-None-Match header was not satisfied. The current was 'n/a'.",
      },
    });
  });

  it.each(['PUT', 'DELETE'])('are left alone by a %s that knows an older state', async (method) => {
    const { call, dns } = bench();
    const { etag = '' } = (await call('PUT', SET, textSet(['one']))).headers;
    await call('PUT', SET, textSet(['two']));
    const refused = await call(method, SET, textSet(['three']), { 'if-match': etag });
    const message = `The condition '${etag}' in the If-Match header was not satisfied. The current was 'etag-4'.`;
    expect([refused.status, refused.json]).toEqual([412, { code: 'PreconditionFailed', message }]);
    expect(await dns.txt(NAME)).toEqual(['two']);
    expect((await call(method, SET, textSet(['three']), { 'if-match': '"etag-4"' })).status).toBe(200);
  });

  it('are not created by a change', async () => {
    const { call } = bench();
    expect((await call('PUT', SET, textSet(['one']), { 'if-match': '*' })).status).toBe(412);
  });

  it.each([
    ['a body without TTL', { properties: { TXTRecords: [{ value: ['a'] }] } }, 'The request was invalid.'],
    ['a record that is no list', { properties: { TTL: 60, TXTRecords: [{ value: 'a' }] } }, 'The request was invalid.'],
    ['a string of 256 characters', textSet(['a'.repeat(256)]), 'is longer than the 255 characters'],
    ['21 records', textSet(...Array.from({ length: 21 }, (_, index) => [`${index}`])), 'the limit of 20'],
    [
      '4097 characters',
      textSet([...Array.from({ length: 16 }, () => 'a'.repeat(255)), 'b'.repeat(17)]),
      'may not exceed 4096 characters',
    ],
  ])('refuse %s', async (_what, body, text) => {
    const { status, json } = await bench().call('PUT', SET, body);
    expect([status, json.code, json.message]).toEqual([400, 'BadRequest', expect.stringContaining(text)]);
  });

  it('take 20 records of 200 characters, and none at all', async () => {
    const { call } = bench();
    const most = textSet(...Array.from({ length: 20 }, () => ['a'.repeat(200)]));
    expect((await call('PUT', SET, most)).status).toBe(201);
    expect((await call('PUT', SET, textSet())).status).toBe(200);
  });

  it('refuse a name that is none', async () => {
    const { status, json } = await bench().call('PUT', `${ZONE}/TXT/a..b`, textSet(['a']));
    expect([status, json.code]).toEqual([400, 'BadRequest']);
  });

  it('demand a right of their own for each verb', async () => {
    const { call, demands } = bench();
    await call('PUT', SET, textSet(['one']));
    await call('GET', SET);
    await call('GET', `${ZONE}/TXT`);
    await call('DELETE', SET);
    await call('GET', ZONE);
    expect(demands.map(({ action, scope }) => [action, scope])).toEqual([
      ['Microsoft.Network/dnsZones/TXT/write', SET.toLowerCase()],
      ['Microsoft.Network/dnsZones/TXT/read', SET.toLowerCase()],
      ['Microsoft.Network/dnsZones/TXT/read', ZONE.toLowerCase()],
      ['Microsoft.Network/dnsZones/TXT/delete', SET.toLowerCase()],
      ['Microsoft.Network/dnsZones/read', ZONE.toLowerCase()],
    ]);
  });

  it('are not written without the right to', async () => {
    const { call, dns } = bench({ without: 'Microsoft.Network/dnsZones/TXT/write' });
    expect(await call('PUT', SET, textSet(['one']))).toMatchObject({
      status: 403,
      json: { error: { code: 'AuthorizationFailed' } },
    });
    expect(await dns.txt(NAME)).toEqual([]);
  });
});

describe('what name servers answer', () => {
  it('is each record with its strings put together, whatever the case and the last dot', async () => {
    const { call, dns } = bench();
    await call('PUT', SET, textSet(['one', 'two'], ['three']));
    expect(await dns.txt('_ACME-challenge.www.contoso.example.')).toEqual(['onetwo', 'three']);
    await call('PUT', `${ZONE}/TXT/@`, textSet(['apex']));
    expect(await dns.txt('contoso.example')).toEqual(['apex']);
    expect(await dns.txt('www.fabrikam.example')).toEqual([]);
  });

  it('comes some time after it was written, and stays some time after it was deleted', async () => {
    const { call, clock, dns } = bench({ propagationSeconds: 60 });
    await call('PUT', SET, textSet(['one']));
    expect(await dns.txt(NAME)).toEqual([]);
    clock.advance(30_000);
    await call('PUT', SET, textSet(['two']));
    clock.advance(30_000);
    expect(await dns.txt(NAME)).toEqual(['one']);
    clock.advance(30_000);
    expect(await dns.txt(NAME)).toEqual(['two']);
    await call('DELETE', SET);
    expect(await dns.txt(NAME)).toEqual(['two']);
    clock.advance(60_000);
    expect(await dns.txt(NAME)).toEqual([]);
  });

  it('is what the innermost zone holds', async () => {
    const { call, dns } = bench();
    await call('PUT', `${ZONE}/TXT/www.eu`, textSet(['outer']));
    expect(await dns.txt('www.eu.contoso.example')).toEqual([]);
    await call('PUT', `${CHILD}/TXT/www`, textSet(['inner']));
    expect(await dns.txt('www.eu.contoso.example')).toEqual(['inner']);
  });
});
