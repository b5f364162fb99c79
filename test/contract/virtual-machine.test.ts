import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Look, Probe } from '../../src/targets/port.ts';
import { HOST } from '../unit/local/arm/bench.ts';
import { linuxSeed, PATH, windowsSeed } from '../unit/local/arm/compute-bench.ts';
import { hashes, makeSecrets, versionOf } from './app-service-bench.ts';
import { type MachineWish, openMachine, ROLE } from './virtual-machine-bench.ts';

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function stand(wish: MachineWish = {}) {
  const open = await openMachine(secrets, wish);
  ends.push(open.close);
  const [old, renewed] = [versionOf(secrets.old), versionOf(secrets.renewed)];
  const look = (purpose: Look['purpose'] = 'verify', version = renewed): Promise<Probe> =>
    open.adapter.probe(open.target, { purpose, version });
  const deploy = (version = renewed) => open.adapter.deploy(open.target, version);
  return { ...open, old, renewed, look, deploy };
}

const windows: MachineWish = {
  seed: windowsSeed(),
  target: { os: 'windows', path: undefined, service: undefined, iis: { port: 443, host: HOST } },
};

describe('a virtual machine without an endpoint', () => {
  it('is deployed to with one write, and seen with one read', async () => {
    const { look, deploy, pass, arm, renewed, old, clock } = await stand();
    expect(await look('baseline')).toMatchObject({ state: 'pending' });
    const answer = await deploy();
    expect(answer).toMatchObject({ state: 'deployed', lookAfterSeconds: 20 });
    expect(arm.counts).toEqual({ reads: 0, writes: 1 });
    const began = clock.now().toISOString();
    await pass(25);
    expect(await look()).toEqual({
      ...{ state: 'served', at: clock.now().toISOString(), sha256: renewed.sha256, chain: hashes(secrets.renewed) },
      ...{ serial: expect.stringMatching(/^[0-9a-f]+$/), notAfter: expect.stringMatching(/Z$/) },
      ...{ seenBy: 'report', before: old.sha256, runningSince: expect.any(String) },
    });
    const seen = await look();
    expect(seen.state === 'served' && (seen.runningSince ?? '') > began).toBe(true);
    expect(arm.counts).toEqual({ reads: 2, writes: 1 });
  });

  it('is pending while the script runs', async () => {
    const { look, deploy, pass } = await stand();
    await deploy();
    await pass(2);
    expect(await look()).toMatchObject({ state: 'pending', reason: 'the script is pending' });
    await pass(8);
    expect(await look()).toMatchObject({ state: 'pending', reason: 'the script is running' });
  });

  it.each([
    ['lies', /reported success, but the machine holds/],
    ['no-reload', /runs since before the certificate came/],
    ['script-fails', /exit code 2: \[31mopenssl: command not found$/],
  ] as const)('fails for good when it %s', async (fault, reason) => {
    const { look, deploy, pass, compute, machine } = await stand();
    compute.fault(machine.resourceId, fault);
    await deploy();
    await pass(25);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason) });
  });

  it('tells what to mend when its identity may not read the vault', async () => {
    const { look, deploy, pass, vault } = await stand();
    vault.now = { state: 'forbidden' };
    await deploy();
    await pass(25);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringContaining('Key Vault Secrets User') });
  });

  it('is refused while it is off, and deployed to when it is on', async () => {
    const { look, deploy, pass, compute, machine, renewed } = await stand();
    await compute.power(machine.resourceId, 'deallocated');
    expect(await deploy()).toEqual({
      state: 'refused',
      reason: expect.stringMatching(/^the machine is off.*OperationNotAllowed/),
    });
    await compute.power(machine.resourceId, 'running');
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    await pass(25);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed.sha256 });
  });

  it('says that it is gone', async () => {
    const { look, deploy, compute, machine } = await stand();
    await deploy();
    compute.remove(machine.resourceId);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^gone/) });
    expect(await deploy()).toMatchObject({ state: 'refused', reason: expect.stringMatching(/^gone/) });
  });

  it('does not take the report of another renewal for its own', async () => {
    const { look, deploy, pass, renewed } = await stand();
    await deploy({ ...renewed, renewalId: 'renewal-before' });
    await pass(25);
    expect(await look()).toMatchObject({ state: 'pending' });
  });

  it('is asked again after a failure, though nothing of the command is new but its time', async () => {
    const { look, deploy, pass, compute, machine, renewed } = await stand();
    compute.fault(machine.resourceId, 'script-fails');
    await deploy();
    await pass(25);
    expect(await look()).toMatchObject({ state: 'failed' });
    compute.fault(machine.resourceId, 'script-fails', false);
    await pass(60);
    await deploy();
    expect(await look()).toMatchObject({ state: 'pending' });
    await pass(25);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed.sha256 });
  });

  it('names the right that a look lacks', async () => {
    const { look } = await stand({ role: ROLE.filter((action) => action.endsWith('/write')) });
    await expect(look()).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: expect.stringMatching(/rg-vm.*runCommands\/read.*; the role Perennial machine deployer gives it/),
    });
  });

  it('demands exactly what the role grants', async () => {
    const { look, deploy, pass, adapter, target, old, identity } = await stand().then((open) => ({
      ...open,
      ...open.arm,
    }));
    await deploy();
    await pass(25);
    await look();
    await adapter.rollBack(target, old);
    expect(identity.demands.filter(({ granted }) => !granted)).toEqual([]);
    expect([...new Set(identity.demands.map(({ action }) => action))].sort()).toEqual([...ROLE].sort());
  });
});

describe('a virtual machine with an endpoint', () => {
  it('is not read about once a handshake shows the new version', async () => {
    const { look, deploy, pass, arm, renewed, old } = await stand({ hasEndpoint: true });
    expect(await look('baseline')).toMatchObject({ state: 'served', sha256: old.sha256 });
    await deploy();
    await pass(25);
    const seen = await look();
    expect(seen).toMatchObject({ state: 'served', sha256: renewed.sha256 });
    expect(seen).not.toHaveProperty('seenBy');
    expect(arm.counts).toEqual({ reads: 0, writes: 1 });
  });

  it('is seen as it serves, whatever its report says, until that is a definite end', async () => {
    const { look, deploy, pass, compute, machine, old } = await stand({ hasEndpoint: true });
    compute.fault(machine.resourceId, 'no-reload');
    await deploy();
    await pass(10);
    expect(await look()).toMatchObject({ state: 'served', sha256: old.sha256 });
    await pass(20);
    expect(await look()).toMatchObject({ state: 'failed' });
  });

  it('is unreachable when nobody listens, whatever its report says', async () => {
    const { look, deploy, pass, consumers, renewed } = await stand({ hasEndpoint: true });
    await deploy();
    await pass(25);
    expect(consumers.served(HOST)).toBe(renewed.sha256);
    await consumers.close();
    expect(await look()).toMatchObject({ state: 'unreachable' });
  });
});

describe('a virtual machine of Windows', () => {
  it('is bound anew, and back to the certificate that it kept', async () => {
    const { look, deploy, pass, adapter, target, consumers, old, renewed } = await stand(windows);
    await deploy();
    await pass(25);
    expect(await look()).toMatchObject({
      state: 'served',
      sha256: renewed.sha256,
      before: old.sha256,
      seenBy: 'report',
    });
    expect(consumers.served(HOST)).toBe(renewed.sha256);
    expect(await adapter.rollBack(target, old)).toMatchObject({ state: 'rolled-back' });
    await pass(25);
    expect(await look('roll-back', old)).toMatchObject({ state: 'served', sha256: old.sha256 });
    expect(consumers.served(HOST)).toBe(old.sha256);
  });

  it('cannot go back where a service chooses its certificate by itself', async () => {
    const { adapter, target, old, arm } = await stand({
      ...windows,
      target: { ...windows.target, iis: undefined, service: 'Tomcat9' },
    });
    expect(await adapter.rollBack(target, old)).toMatchObject({ state: 'impossible' });
    expect(arm.counts.writes).toBe(0);
  });
});

describe('rolling a virtual machine of Linux back', () => {
  it('ends as failed where the machine has not kept the version', async () => {
    const { look, adapter, target, pass, renewed } = await stand();
    expect(await adapter.rollBack(target, renewed)).toMatchObject({ state: 'rolled-back' });
    await pass(25);
    expect(await look('roll-back', renewed)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('not-kept'),
    });
  });

  it('is impossible while the machine is off', async () => {
    const { adapter, target, compute, machine, old } = await stand();
    await compute.power(machine.resourceId, 'deallocated');
    expect(await adapter.rollBack(target, old)).toMatchObject({ state: 'impossible' });
  });
});

it('serves each machine under its own name at one port', async () => {
  const { compute, consumers, vault, old, renewed } = await stand();
  vault.now = secrets.renewed.secret;
  const place = {
    secret: 'https://kv-one.vault.azure.net/secrets/shop',
    path: PATH,
    hostNames: ['Two.contoso.example'],
  };
  await compute.addMachine(linuxSeed('vm-2', { places: [place] }));
  expect(consumers.served(HOST)).toBe(old.sha256);
  expect(consumers.served('two.contoso.example')).toBe(renewed.sha256);
  await compute.power(linuxSeed('vm-2').resourceId, 'deallocated');
  expect(consumers.served('two.contoso.example')).toBeUndefined();
});
