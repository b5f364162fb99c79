import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAppService } from '../../local/arm/app-service.ts';
import { ARM_AUDIENCE, createArm } from '../../local/arm/arm.ts';
import { dnsRoutes } from '../../local/arm/dns-routes.ts';
import { createDnsZones } from '../../local/arm/dns-zones.ts';
import { systemClock } from '../../local/clock.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { mountAcme } from '../../local/stand/acme.ts';
import { type Ground, prepareGround } from '../../local/stand/ground.ts';
import { dersOf, issueFor, openAccount } from './acme-walk.ts';
import { createWire } from './acme-wire.ts';

const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';
const ZONE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-dns/providers/Microsoft.Network/dnsZones/contoso.example`;

let ground: Ground;
beforeEach(async () => {
  ground = await prepareGround({ basePort: 0, directory: await mkdtemp(join(tmpdir(), 'stand-acme-')) });
});
afterEach(async () => {
  await ground.stop();
  await rm(ground.directory, { recursive: true, force: true });
});

it("issues once the answers were put into the stand's Azure DNS with a token that may", async () => {
  const clock = systemClock;
  const dns = createDnsZones({ clock, zones: [ZONE] });
  const identity = createIdentity({ tenantId: SUBSCRIPTION });
  const objectId = '33333333-3333-3333-3333-333333333333';
  const principal = identity.addPrincipal({ name: 'renewer', clientId: objectId, objectId });
  identity.assign(principal.id, { actions: ['Microsoft.Network/dnsZones/TXT/write'], scope: ZONE });
  const appService = createAppService({ clock, readSecret: async () => ({ state: 'secret-unknown' }) });
  const arm = createArm({ access: identity, clock, appService, routes: dnsRoutes(dns), subscriptions: [SUBSCRIPTION] });
  const { directoryUrl, rootFiles } = await mountAcme(ground, {
    clock,
    dns,
    validationSeconds: [0, 0],
    issuanceSeconds: [0, 0],
  });

  const ca = await readFile(ground.caFile, 'utf8');
  const wire = createWire({ directoryUrl, ca });
  const put = (name: string, values: readonly string[]): void => {
    const relative = name.replace(/\.contoso\.example$/, '');
    const body = JSON.stringify({ properties: { TTL: 60, TXTRecords: values.map((value) => ({ value: [value] })) } });
    const target = new URL(`https://management.azure.com${ZONE}/TXT/${relative}?api-version=2018-05-01`);
    const authorization = `Bearer ${identity.issueToken(principal, ARM_AUDIENCE)}`;
    void arm.handle({ method: 'PUT', url: target, headers: { authorization }, body: Buffer.from(body) });
  };
  const session = await openAccount({ wire, setTxt: put, pause: () => undefined });
  const { download } = await issueFor(session, ['www.contoso.example']);
  const [, , upper] = dersOf(download.text).map((der) => new X509Certificate(der));
  const root = new X509Certificate(await readFile(rootFiles[0]));
  expect(upper?.verify(root.publicKey)).toBe(true);
});
