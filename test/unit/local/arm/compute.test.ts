import { beforeAll, describe, expect, it } from 'vitest';
import type { MachineFault } from '../../../../local/arm/compute/types.ts';
import { sha256Hex } from '../../../../src/certificate/fingerprint.ts';
import type { Guest } from '../../../../src/plan/targets/guest.ts';
import { commandBody, judgeCommand } from '../../../../src/targets/guest-command.ts';
import type { VersionToServe } from '../../../../src/targets/port.ts';
import { type MadeSecret, makeSecret, privateCa, SUBSCRIPTION } from './bench.ts';
import { computeBench, linuxSeed, MACHINES, PATH, windowsSeed } from './compute-bench.ts';

let old: MadeSecret;
let renewed: MadeSecret;
beforeAll(async () => {
  const ca = await privateCa();
  old = await makeSecret(ca);
  renewed = await makeSecret(ca);
});

const sha256 = (made: MadeSecret): string => made.chain.map(sha256Hex)[0] ?? '';
const version = (made: MadeSecret): VersionToServe => ({
  ...{ renewalId: 'renewal-1', vault: 'https://kv-one.vault.azure.net', vaultResourceId: '/v', name: 'shop' },
  ...{ version: 'v', sha256: sha256(made), thumbprint: made.thumbprint },
});
const nginx: Guest = { os: 'linux', path: PATH, service: 'nginx', waitSeconds: 120 };
const iis: Guest = { os: 'windows', iis: { port: 443, host: 'shop.contoso.example' }, waitSeconds: 120 };
const body = (made: MadeSecret, guest = nginx, mode: 'deploy' | 'roll-back' = 'deploy', asked = '1') =>
  commandBody({ guest, mode, version: version(made), asked }, 'westeurope');

/** A machine that has the old version, a vault that has the renewed one. */
async function bench(seed = linuxSeed()) {
  const open = computeBench();
  open.vault.now = old.secret;
  const machine = await open.compute.addMachine(seed);
  open.vault.now = renewed.secret;
  const command = `${seed.resourceId}/runCommands/perennial-shop`;
  const [place] = machine.places;
  if (place === undefined) throw new TypeError('a machine of this test has a place');
  const look = async (guest = nginx, mode: 'deploy' | 'roll-back' = 'deploy', made = renewed) =>
    judgeCommand(
      (await open.send('GET', `${command}?$expand=instanceView`)).body,
      { guest, mode, version: version(made) },
      '',
    );
  return { ...open, machine, place, command, look, id: seed.resourceId };
}

describe('a managed run command', () => {
  it('runs over time: pending, running, then the report of what is served', async () => {
    const { send, command, look, pass, place } = await bench();
    const answer = await send('PUT', command, body(renewed));
    expect(answer.status).toBe(201);
    expect(answer.headers['azure-asyncoperation']).toContain(
      '/providers/Microsoft.Compute/locations/westeurope/operations/',
    );
    expect(await look()).toMatchObject({ state: 'pending', reason: 'the script is pending' });
    await pass(6);
    expect(await look()).toMatchObject({ state: 'pending', reason: 'the script is running' });
    expect(place.loaded?.sha256).toBe(sha256(old));
    await pass(15);
    expect(await look()).toMatchObject({
      state: 'served',
      sha256: sha256(renewed),
      before: sha256(old),
      seenBy: 'report',
    });
    expect(place.loaded?.sha256).toBe(sha256(renewed));
  });

  it('ends its operation when the script has begun, being asynchronous', async () => {
    const { send, command, pass } = await bench();
    const { headers } = await send('PUT', command, body(renewed));
    const operation = headers['azure-asyncoperation'] ?? '';
    expect((await send('GET', operation)).body).toMatchObject({ status: 'InProgress' });
    await pass(6);
    expect((await send('GET', operation)).body).toMatchObject({ status: 'Succeeded' });
  });

  it('does not run again when it is written as it was, and does when anything is new', async () => {
    const { send, command, pass, reads } = await bench();
    await send('PUT', command, body(renewed));
    await pass(30);
    const before = reads.length;
    const view = (await send('GET', `${command}?$expand=instanceView`)).body;
    expect((await send('PUT', command, body(renewed))).status).toBe(200);
    await pass(30);
    expect((await send('GET', `${command}?$expand=instanceView`)).body).toEqual(view);
    await send('PUT', command, body(renewed, nginx, 'deploy', '2'));
    expect((await send('GET', `${command}?$expand=instanceView`)).body).not.toEqual(view);
    await pass(30);
    // The wanted version is there already: nothing is fetched.
    expect(reads.length).toBe(before);
  });

  it('runs nothing when the script is not one that the stand knows', async () => {
    const { send, command, pass, place } = await bench();
    await send('PUT', command, {
      location: 'westeurope',
      properties: { source: { script: 'rm -rf /' }, parameters: [] },
    });
    await pass(30);
    const { properties } = (await send('GET', `${command}?$expand=instanceView`)).body;
    expect(properties).toMatchObject({ instanceView: { executionState: 'Failed', exitCode: 1, output: '' } });
    expect(place.loaded?.sha256).toBe(sha256(old));
  });

  it.each([
    ['lies', 'failed', /reported success, but the machine holds/],
    ['no-reload', 'failed', /reported success, but the service runs since before/],
    ['slow', 'pending', /running/],
    ['script-fails', 'failed', /ended as Failed, exit code 2: \[31mopenssl: command not found$/],
    ['no-agent', 'pending', /pending|running/],
  ] as const)('of a machine that %s is %s', async (fault: MachineFault, state, reason) => {
    const { send, command, look, pass, compute, id, place } = await bench();
    compute.fault(id, fault);
    await send('PUT', command, body(renewed));
    await pass(60);
    expect(await look()).toMatchObject({ state, reason: expect.stringMatching(reason) });
    expect(place.loaded?.sha256).toBe(sha256(old));
  });

  it.each([
    ['slow', /ended as TimedOut/],
    ['no-agent', /ended as Failed.*has not reported status for VM agent/],
  ] as const)('of a machine that is %s fails in the end', async (fault, reason) => {
    const { send, command, look, pass, compute, id } = await bench();
    compute.fault(id, fault);
    await send('PUT', command, body(renewed));
    await pass(1000);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason) });
  });

  it('is refused while the machine is off, and runs when it is on', async () => {
    const { send, command, look, pass, compute, id } = await bench();
    await compute.power(id, 'deallocated');
    const answer = await send('PUT', command, body(renewed));
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'OperationNotAllowed' } } });
    await compute.power(id, 'running');
    await send('PUT', command, body(renewed));
    await pass(30);
    expect(await look()).toMatchObject({ state: 'served', sha256: sha256(renewed) });
  });

  it('is ended and gone when it is deleted', async () => {
    const { send, command, pass, place } = await bench();
    await send('PUT', command, body(renewed));
    expect((await send('DELETE', command)).status).toBe(200);
    expect((await send('DELETE', command)).status).toBe(204);
    await pass(60);
    expect((await send('GET', command)).status).toBe(404);
    expect(place.loaded?.sha256).toBe(sha256(old));
  });

  it('is not found on a machine that is not there', async () => {
    const { send } = await bench();
    expect((await send('PUT', `${MACHINES}/nowhere/runCommands/x`, body(renewed))).status).toBe(404);
    expect((await send('GET', `${MACHINES}/nowhere/runCommands/x`)).status).toBe(404);
  });

  it('is the same on an instance of a scale set', async () => {
    const set = MACHINES.replace('/virtualMachines', '/virtualMachineScaleSets/web/virtualMachines');
    const { send, command, look, pass } = await bench(linuxSeed('vm', { resourceId: `${set}/3` }));
    expect((await send('PUT', command, body(renewed))).status).toBe(201);
    await pass(30);
    expect(await look()).toMatchObject({ state: 'served' });
  });
});

describe('rolling a machine back', () => {
  it('links the file that was kept again, until the extension’s next poll', async () => {
    const { send, command, look, pass, place } = await bench();
    await send('PUT', command, body(renewed));
    await pass(30);
    await send('PUT', command, body(old, nginx, 'roll-back'));
    await pass(30);
    expect(await look(nginx, 'roll-back', old)).toMatchObject({
      state: 'served',
      sha256: sha256(old),
      before: sha256(renewed),
    });
    expect(place.loaded?.sha256).toBe(sha256(old));
    await pass(3600);
    expect(place.current?.sha256).toBe(sha256(renewed));
  });

  it('binds IIS to the certificate before, which Windows keeps', async () => {
    const { send, command, look, pass, place } = await bench(windowsSeed());
    await send('PUT', command, body(renewed, iis));
    await pass(30);
    expect(await look(iis)).toMatchObject({ state: 'served', sha256: sha256(renewed) });
    await send('PUT', command, body(old, iis, 'roll-back'));
    await pass(30);
    expect(await look(iis, 'roll-back', old)).toMatchObject({ state: 'served', sha256: sha256(old) });
    expect(place.loaded?.sha256).toBe(sha256(old));
  });

  it('fails where the version was never there', async () => {
    const { send, command, look, pass } = await bench();
    const never = { ...old, chain: renewed.chain };
    await send('PUT', command, body(never, nginx, 'roll-back'));
    await pass(30);
    expect(await look(nginx, 'roll-back', never)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('not-kept'),
    });
  });
});

describe('the Key Vault extension', () => {
  it('takes the new version by itself within its interval, and reloads nothing', async () => {
    const { pass, place } = await bench();
    await pass(3599);
    expect(place.current?.sha256).toBe(sha256(old));
    await pass(2);
    expect(place.current?.sha256).toBe(sha256(renewed));
    expect(place.loaded?.sha256).toBe(sha256(old));
  });

  it('takes it at once when it is written with a new forceUpdateTag, and not when nothing is new', async () => {
    const { send, id, pass, place } = await bench();
    const extension = `${id}/extensions/KeyVaultForLinux`;
    const { properties } = (await send('GET', extension)).body as { properties: Readonly<Record<string, unknown>> };
    const { provisioningState: _state, ...settings } = properties;
    await send('PUT', extension, { location: 'westeurope', properties: settings });
    await pass(30);
    expect(place.current?.sha256).toBe(sha256(old));
    await send('PUT', extension, { location: 'westeurope', properties: { ...settings, forceUpdateTag: '1' } });
    await pass(30);
    expect(place.current?.sha256).toBe(sha256(renewed));
  });

  it('says where it puts which secret', async () => {
    const { send, id } = await bench();
    expect((await send('GET', `${id}/extensions`)).body).toMatchObject({
      value: [
        {
          name: 'KeyVaultForLinux',
          properties: {
            type: 'KeyVaultForLinux',
            settings: {
              secretsManagementSettings: {
                pollingIntervalInS: '3600',
                observedCertificates: [{ url: 'https://kv-one.vault.azure.net/secrets/shop' }],
              },
            },
          },
        },
      ],
    });
  });

  it('of a machine that was off reads the vault when it is on again, and services begin with that', async () => {
    const { compute, id, pass, place } = await bench();
    await compute.power(id, 'deallocated');
    await pass(7200);
    expect(place.current?.sha256).toBe(sha256(old));
    await compute.power(id, 'running');
    expect(place.loaded?.sha256).toBe(sha256(renewed));
  });
});

describe('machines', () => {
  it('are listed by resource group, and say whether they run', async () => {
    const { send, compute, id } = await bench();
    const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups`;
    const list = (name: string) => send('GET', `${group}/${name}/providers/Microsoft.Compute/virtualMachines`);
    expect((await list('rg-vm')).body).toMatchObject({ value: [{ id, location: 'westeurope' }] });
    expect((await list('rg-other')).body).toEqual({ value: [] });
    await compute.power(id, 'deallocated');
    expect((await send('GET', `${id}?$expand=instanceView`)).body).toMatchObject({
      properties: { instanceView: { statuses: [{}, { code: 'PowerState/deallocated' }] } },
    });
  });

  it('are cheap: a thousand deployments share one script and one certificate', async () => {
    const { compute, vault, send, pass } = computeBench();
    vault.now = old.secret;
    const names = Array.from({ length: 1000 }, (_, at) => `vm-${at}`);
    for (const name of names) await compute.addMachine(linuxSeed(name));
    vault.now = renewed.secret;
    for (const name of names) await send('PUT', `${MACHINES}/${name}/runCommands/perennial-shop`, body(renewed));
    await pass(30);
    const loaded = compute.machines().map(({ places }) => places[0]?.loaded);
    expect(new Set(loaded).size).toBe(1);
    expect(loaded[0]?.sha256).toBe(sha256(renewed));
    expect(
      new Set(compute.machines().flatMap(({ commands }) => [...commands.values()].map(({ script }) => script))).size,
    ).toBe(1);
  });
});
