import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { type CrashBench, openCrashBench } from './crash-bench.ts';
import { inTime, untilAccepted, untilEnded } from './live-through.ts';
import { moments } from './moments.ts';
import { type Disk, mountProblem, openDisk } from './mounts.ts';
import { problemsOf } from './whole.ts';

let bench: CrashBench | undefined;
let disk: Disk | undefined;
afterEach(async () => {
  await bench?.close();
  disk?.unmount();
  bench = undefined;
  disk = undefined;
});

const first = ({ stand }: CrashBench): Seeded => {
  const [found] = stand.estate.certificates;
  if (found === undefined) throw new TypeError('no certificate is seeded');
  return found;
};

/** Renews the first certificate and does something when the order has its CSR: the call is answered, later ones wait. */
async function renewAnd(open: CrashBench, act: () => Promise<void>): Promise<string> {
  const moment = moments.find(({ effect }) => effect === 'order requested');
  const caught = open.traps.set({ when: 'hold', isIt: (call) => moment?.isIt(call) === true, strike: act });
  open.traps.handled.length = 0;
  const id = await untilAccepted(open, first(open));
  await inTime(caught, 'order requested: never reached');
  return id;
}

async function isWhole(open: CrashBench, id: string): Promise<void> {
  const view = await untilEnded(open, id);
  expect(await problemsOf(open, first(open), { id, view, calls: [...open.traps.handled], mayRetry: false })).toEqual(
    [],
  );
}

const said = (open: CrashBench): string => open.app.log.join('\n');

function disks(): void {
  it("the host's store full: it says what to do, and goes on with the renewal when it is started with space", async () => {
    const small = openDisk(2);
    disk = small;
    const open = await openCrashBench({ seed: 35, certificates: 1, hostDirectory: join(small.folder, 'host') });
    bench = open;
    const id = await renewAnd(open, async () => small.fill());
    await vi.waitFor(
      () =>
        expect(said(open)).toMatch(
          /the task hub stops: \S+journal cannot be written: ENOSPC[^;]*; free space there, and start the host again/,
        ),
      { timeout: 30_000, interval: 50 },
    );
    expect(
      (await open.app.client.renew({ vault: first(open).vaultName, certificate: first(open).name, force: true }))
        .status,
    ).toBe(503);
    await open.app.stop();
    await expect(open.app.start()).rejects.toThrow(/ENOSPC[^;]*; free space there, and start the host again/);
    small.free();
    await open.app.start();
    await isWhole(open, id);
  });

  it("the host's store read-only: the host is not started, says why, and goes on once it can write", async () => {
    const closed = openDisk(2);
    disk = closed;
    const open = await openCrashBench({ seed: 36, certificates: 1, hostDirectory: join(closed.folder, 'host') });
    bench = open;
    const id = await renewAnd(open, async () => void process.kill(open.app.hostPid, 'SIGKILL'));
    await vi.waitFor(() => closed.setReadOnly(true), { timeout: 10_000, interval: 20 });
    await expect(open.app.start()).rejects.toThrow(
      /hub cannot be taken: EROFS[^;]*; make it writable, and start the host again/,
    );
    closed.setReadOnly(false);
    await open.app.start();
    await isWhole(open, id);
  });

  it('the storage full: writes are refused, the renewal waits, and goes on by itself when there is space', async () => {
    const small = openDisk(4);
    disk = small;
    const open = await openCrashBench({ seed: 37, certificates: 1, storageDirectory: join(small.folder, 'storage') });
    bench = open;
    const id = await renewAnd(open, async () => small.fill());
    await vi.waitFor(
      async () => expect(await open.app.client.renewal(id)).toMatchObject({ waitingFor: 'storage-unreachable' }),
      { timeout: 60_000, interval: 200 },
    );
    small.free();
    const view = await untilEnded(open, id);
    expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
    expect(open.view.versions(first(open))).toBe(2);
    expect(await open.view.rowsOf('orders', first(open))).toMatchObject([{ renewalId: id, state: 'merged' }]);
    const keys = (await open.view.journal.read(id)).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
}

const problem = mountProblem();
if (problem === undefined) describe('a disk that is', disks);
else console.log(`NOT RUN: full and read-only disks: ${problem}`);
