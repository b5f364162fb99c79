import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { startConsumers } from '../../local/consumers/consumers.ts';
import { appServiceBench, CERTIFICATE, GROUP, HOST, SITE, VAULT } from '../unit/local/arm/bench.ts';
import { ca, FARM, importBody, old, renewed, stand } from './arm-emulator-bench.ts';

/** One handshake that trusts the test's root: what was served, leaf first. */
async function handshake(endpoint: { host: string; port: number; sni: string }): Promise<Buffer[]> {
  const socket = connect({ ...endpoint, servername: endpoint.sni, ca: ca.root.pem });
  try {
    await once(socket, 'secureConnect');
    const chain: Buffer[] = [];
    for (let peer: PeerCertificate | undefined = socket.getPeerCertificate(true); peer?.raw; ) {
      chain.push(peer.raw);
      const issuer: PeerCertificate | undefined =
        'issuerCertificate' in peer ? (peer.issuerCertificate as PeerCertificate) : undefined;
      peer = issuer === peer ? undefined : issuer;
    }
    return chain;
  } finally {
    socket.destroy();
  }
}

const hex = (ders: readonly Uint8Array[]): string[] => ders.map((der) => Buffer.from(der).toString('hex'));
const leafOf = async (endpoint: { host: string; port: number; sni: string }) => hex(await handshake(endpoint))[0];

const HOUR = 3_600_000;

describe('certificates', () => {
  it('are synced by repeating the PUT, and the site serves the new chain at once', async () => {
    const { call, endpoint } = await stand();
    expect(hex(await handshake(endpoint)).slice(0, 2)).toEqual(hex(old.chain));
    const { status, body } = await call('PUT', CERTIFICATE, importBody);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: CERTIFICATE,
      name: 'shop-cert',
      type: 'Microsoft.Web/certificates',
      location: 'West Europe',
      properties: {
        thumbprint: renewed.thumbprint,
        subjectName: HOST,
        hostNames: [HOST],
        issuer: 'Contoso Issuing',
        issueDate: '2025-11-01T00:00:00+00:00',
        expirationDate: '2027-11-01T00:00:00+00:00',
        keyVaultId: VAULT.toLowerCase(),
        keyVaultSecretName: 'shop',
        keyVaultSecretStatus: 'Initialized',
        webSpace: 'rg-web-WestEuropewebspace',
        password: null,
      },
    });
    expect(hex(await handshake(endpoint)).slice(0, 2)).toEqual(hex(renewed.chain));
  });

  it('are read, listed and deleted', async () => {
    const { call } = await stand();
    expect((await call('GET', CERTIFICATE.toUpperCase())).body.properties.thumbprint).toBe(old.thumbprint);
    for (const scope of [GROUP]) {
      const { body } = await call('GET', `${scope}/providers/Microsoft.Web/certificates`);
      expect(body).toMatchObject({ value: [{ name: 'shop-cert' }], nextLink: null });
    }
    expect((await call('DELETE', CERTIFICATE)).status).toBe(409);
    expect((await call('DELETE', `${CERTIFICATE}-none`)).status).toBe(204);
    const missing = await call('GET', `${CERTIFICATE}-none`);
    expect(missing).toMatchObject({ status: 404, body: { error: { code: 'ResourceNotFound' } } });
  });

  it('keep their spelling and take the tags of the last PUT', async () => {
    const { call } = await stand();
    const put = await call('PUT', CERTIFICATE.toLowerCase(), { ...importBody, tags: { owner: 'web', count: 3 } });
    expect(put.body).toMatchObject({ id: CERTIFICATE, tags: { owner: 'web' } });
    const list = await call('GET', `${GROUP}/providers/Microsoft.Web/certificates`);
    expect(list.body.value).toHaveLength(1);
  });

  it('are refused in the words of App Service', async () => {
    const { call, vault } = await stand();
    vault.now = { state: 'forbidden' };
    const { status, body } = await call('PUT', CERTIFICATE, importBody);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      Code: 'BadRequest',
      Message: expect.stringContaining(`The service does not have access to '${VAULT.toLowerCase()}' Key Vault.`),
    });
  });

  it.each([
    ['no JSON', '{', 400, 'InvalidRequestContent'],
    ['no location', { properties: importBody.properties }, 400, 'BadRequest'],
    ['no vault', { location: 'x', properties: { keyVaultSecretName: 'shop' } }, 400, 'BadRequest'],
    ['no secret', { location: 'x', properties: { keyVaultId: VAULT } }, 400, 'BadRequest'],
    [
      'a vault that is no id',
      { location: 'x', properties: { keyVaultId: 'kv', keyVaultSecretName: 's' } },
      400,
      'BadRequest',
    ],
  ])('are refused with %s', async (_, wrong, status, code) => {
    const { call } = await stand();
    const answer = await call('PUT', CERTIFICATE, wrong);
    expect([answer.status, answer.body.Code ?? answer.body.error.code]).toEqual([status, code]);
  });
});

describe('what a site serves', () => {
  it('follows the automatic sync after 24 hours', async () => {
    const { endpoint, pass } = await stand();
    await pass(23 * HOUR);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
    await pass(HOUR);
    expect(await leafOf(endpoint)).toBe(hex(renewed.chain)[0]);
  });

  it('stays the old certificate until the front end has caught up', async () => {
    const { call, endpoint, pass } = await stand({ lagSeconds: 90 });
    await call('PUT', CERTIFICATE, importBody);
    await pass(89_000);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
    await pass(1000);
    expect(await leafOf(endpoint)).toBe(hex(renewed.chain)[0]);
  });

  it('stays the old certificate under the fault target.lies, whatever the API says', async () => {
    const { call, endpoint, pass } = await stand({ lies: true });
    const { body } = await call('PUT', CERTIFICATE, importBody);
    expect(body.properties.thumbprint).toBe(renewed.thumbprint);
    const binding = await call('GET', `${SITE}/hostNameBindings/${HOST}`);
    expect(binding.body.properties.thumbprint).toBe(renewed.thumbprint);
    await pass(48 * HOUR);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
  });

  it('never has a gap while it changes', async () => {
    const { call, endpoint } = await stand();
    const seen: (string | undefined)[] = [];
    let changed = false;
    const change = call('PUT', CERTIFICATE, importBody).finally(() => {
      changed = true;
    });
    while (!changed) seen.push(await leafOf(endpoint));
    await change;
    seen.push(await leafOf(endpoint));
    const known = [hex(old.chain)[0], hex(renewed.chain)[0]];
    expect(seen.every((leaf) => known.includes(leaf))).toBe(true);
    expect(seen.at(-1)).toBe(known[1]);
  });

  it('is an HTTP answer too', async () => {
    const { endpoint } = await stand();
    const request = httpsRequest({
      host: endpoint.host,
      port: endpoint.port,
      servername: HOST,
      ca: ca.root.pem,
      headers: { host: HOST },
    });
    request.end();
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    expect([response.statusCode, text]).toEqual([200, `${HOST} is served with ${old.thumbprint}\n`]);
  });

  it('is nothing for a name that is not bound', async () => {
    const { endpoint } = await stand();
    const socket = connect({ ...endpoint, servername: 'other.example', rejectUnauthorized: false });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
  });

  it('names a taken port', async () => {
    const { appService, clock } = appServiceBench();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const seed = { resourceId: SITE, location: 'x', environment: 'ase-v3', hostNames: [HOST], port } as const;
    await expect(startConsumers({ appService, clock, seeds: [seed] })).rejects.toThrow(String(port));
    blocker.close();
  });
});

describe('sites', () => {
  it('show their environment and host names', async () => {
    const { call } = await stand();
    const { body } = await call('GET', SITE);
    expect(body).toMatchObject({
      type: 'Microsoft.Web/sites',
      properties: {
        hostNames: [HOST],
        hostNameSslStates: [{ name: HOST, sslState: 'SniEnabled', thumbprint: old.thumbprint }],
        hostingEnvironmentProfile: { type: 'Microsoft.Web/hostingEnvironments', name: 'ase-v3' },
        serverFarmId: FARM,
      },
    });
    const listed = await call('GET', `${GROUP}/providers/Microsoft.Web/sites`);
    expect(listed.body.value.map((site: { name: string }) => site.name)).toEqual(['shop']);
  });

  it('have slots', async () => {
    const slot = `${SITE}/slots/blue`;
    const { call } = await stand({ site: { resourceId: slot } });
    expect((await call('GET', slot)).body).toMatchObject({ name: 'shop/blue', type: 'Microsoft.Web/sites/slots' });
    expect((await call('GET', SITE)).body.error.code).toBe('ResourceNotFound');
  });

  it('rebind by hostNameBindings and by hostNameSslStates', async () => {
    const { call, endpoint } = await stand();
    const second = `${CERTIFICATE}-2`;
    await call('PUT', second, importBody);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
    const binding = `${SITE}/hostNameBindings/${HOST}`;
    const put = await call('PUT', binding, { properties: { sslState: 'SniEnabled', thumbprint: renewed.thumbprint } });
    expect(put).toMatchObject({
      status: 200,
      body: { name: `shop/${HOST}`, properties: { thumbprint: renewed.thumbprint } },
    });
    expect(await leafOf(endpoint)).toBe(hex(renewed.chain)[0]);
    const states = [{ name: HOST, sslState: 'SniEnabled', thumbprint: old.thumbprint, toUpdate: true }];
    const patch = await call('PATCH', SITE, { properties: { hostNameSslStates: states } });
    expect(patch.body.properties.hostNameSslStates[0].thumbprint).toBe(old.thumbprint);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
    const list = await call('GET', `${SITE}/hostNameBindings`);
    expect(list.body.value).toMatchObject([{ properties: { sslState: 'SniEnabled', thumbprint: old.thumbprint } }]);
  });

  it.each([
    ['an unknown thumbprint', { thumbprint: 'AB'.repeat(20), sslState: 'SniEnabled' }, 404, 'was not found'],
    ['an unknown state', { thumbprint: 'AB', sslState: 'Maybe' }, 400, 'sslState'],
  ])('refuse %s', async (_, properties, status, message) => {
    const { call } = await stand();
    const answer = await call('PUT', `${SITE}/hostNameBindings/${HOST}`, { properties });
    expect([answer.status, answer.body.Message]).toEqual([status, expect.stringContaining(message)]);
  });

  it('refuse a private CA when they are multi-tenant', async () => {
    const { call, endpoint } = await stand({ site: { environment: 'multi-tenant' } });
    expect((await call('GET', SITE)).body.properties.hostingEnvironmentProfile).toBeNull();
    expect(
      (await call('PUT', CERTIFICATE, { ...importBody, properties: { ...importBody.properties, serverFarmId: null } }))
        .status,
    ).toBe(200);
    const properties = { sslState: 'SniEnabled', thumbprint: renewed.thumbprint };
    const answer = await call('PUT', `${SITE}/hostNameBindings/${HOST}`, { properties });
    expect([answer.status, answer.body.Message]).toEqual([400, expect.stringContaining('private CA')]);
    expect(await leafOf(endpoint)).toBe(hex(old.chain)[0]);
  });
});
