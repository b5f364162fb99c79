import { RenewalError } from '../../../src/errors.ts';
import type { AppRowStore } from '../../../src/estate/app-rows.ts';
import type { EstateStore, IssuanceStore } from '../../../src/estate/port.ts';
import type { Journal } from '../../../src/journal/port.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

interface Point {
  readonly world: World;
  readonly line: Line;
  readonly where: string;
  readonly certificate?: string;
  /** Faults by what they do to the call; a read has no acknowledgement that matters. */
  readonly fails?: FaultName;
  readonly ackLost?: FaultName;
  readonly conflicts?: FaultName;
}

/** One call of a store: its way there, its effect, its way back. */
async function stored<T>(point: Point, effect: () => Promise<T>): Promise<T> {
  const { world, line, where, certificate, fails, ackLost, conflicts } = point;
  const strikes = (name: FaultName | undefined): boolean =>
    name !== undefined && world.faults.strikes(name, where, certificate);
  await line.turn();
  if (strikes(fails)) throw new RenewalError('storage-unreachable', `simulated: ${where}: no answer`);
  const answer = await world.crashable(line, where, effect);
  const isLost = strikes(ackLost);
  const isConflict = strikes(conflicts);
  await line.turn();
  if (isLost) throw new RenewalError('storage-unreachable', `simulated: ${where}: the answer is lost`);
  if (isConflict) throw new RenewalError('storage-conflict', `simulated: ${where}: met its own write`);
  return answer;
}

/** What is durable, as one life of the process reaches it. What is read is a copy, as it comes over a wire. */
export function estateOver(world: World, line: Line): EstateStore {
  const { estate } = world.stores;
  const read = (where: string, certificate?: string): Point => ({
    ...{ world, line, where: `table read ${where}`, fails: 'table.fail' as const },
    ...(certificate !== undefined && { certificate }),
  });
  const write = (where: string, certificate: string): Point => ({
    ...{ world, line, where: `table write ${where}`, certificate },
    ...({ fails: 'table.fail', ackLost: 'table.ack-lost' } as const),
  });
  return {
    certificate: (vault, name) =>
      stored(read('certificate', `${vault}/${name}`), () => estate.certificate(vault, name)),
    saveCertificate: (row, etag) =>
      stored({ ...write('certificate', `${row.vault}/${row.name}`), conflicts: 'table.conflict' }, async () => {
        const before = (await estate.certificate(row.vault, row.name))?.row;
        const saved = await estate.saveCertificate(structuredClone(row), etag);
        world.trace(() => `row ${row.vault}/${row.name} ${row.state} #${row.attempt} ${row.lastOutcome ?? ''}`);
        world.see('row', before, row);
        return saved;
      }),
    certificates: () => estate.certificates(),
    order: (renewalId) => stored(read('order'), () => estate.order(renewalId)),
    orderForCsr: (vault, name, sha256) =>
      stored(read('orders', `${vault}/${name}`), () => estate.orderForCsr(vault, name, sha256)),
    orders: (vault, name) => stored(read('orders', `${vault}/${name}`), () => estate.orders(vault, name)),
    saveOrder: (row, etag) =>
      stored({ ...write('order', `${row.vault}/${row.name}`), conflicts: 'table.conflict' }, async () => {
        const before = (await estate.order(row.renewalId))?.row;
        const saved = await estate.saveOrder(structuredClone(row), etag);
        world.trace(() => `order ${row.renewalId} ${row.state}`);
        world.see('order', before, row);
        return saved;
      }),
    saveTarget: (row) => stored(write('target', row.certificate), () => estate.saveTarget(structuredClone(row))),
    targets: (certificate) => stored(read('targets', certificate), () => estate.targets(certificate)),
  };
}

export function issuancesOver(world: World, line: Line): IssuanceStore {
  const { issuances } = world.stores;
  return {
    get: (key) => stored({ world, line, where: 'table read issuance', fails: 'table.fail' }, () => issuances.get(key)),
    forPublicKey: (spkiSha256) =>
      stored({ world, line, where: 'table read issuances', fails: 'table.fail' }, () =>
        issuances.forPublicKey(spkiSha256),
      ),
    putIfAbsent: (issuance) =>
      stored(
        { world, line, where: 'table write issuance', fails: 'table.fail', ackLost: 'table.ack-lost' },
        async () => {
          const there = await issuances.get(issuance.key);
          const put = await issuances.putIfAbsent(structuredClone(issuance));
          world.trace(() => `issuance ${issuance.renewalId} ${there === undefined ? 'new' : 'there'}`);
          if (there === undefined) world.see('issuance', put);
          return put;
        },
      ),
  };
}

/** Rows of accounts at issuers. */
export function rowsOver(world: World, line: Line): AppRowStore {
  const { rows } = world.stores;
  return {
    get: (kind, key) =>
      stored({ world, line, where: `table read ${kind}`, fails: 'table.fail' }, () => rows.get(kind, key)),
    save: (kind, key, row, etag) =>
      stored({ world, line, where: `table write ${kind}`, fails: 'table.fail', ackLost: 'table.ack-lost' }, () =>
        rows.save(kind, key, structuredClone(row), etag),
      ),
  };
}

export function journalOver(world: World, line: Line): Journal {
  const { journal } = world.stores;
  const faults = { fails: 'journal.fail', ackLost: 'journal.ack-lost' } as const;
  return {
    append: (renewalId, entry) =>
      stored({ world, line, where: `journal ${entry.step} ${entry.kind}`, ...faults }, async () => {
        const length = (await journal.read(renewalId)).length;
        const record = await journal.append(renewalId, entry);
        if (record.sequence === length) {
          world.trace(() => `journal ${renewalId} ${record.sequence} ${record.key}`);
          world.see('record', record);
        }
        return record;
      }),
    read: (renewalId) =>
      stored({ world, line, where: 'journal read', fails: 'journal.fail' }, () => journal.read(renewalId)),
  };
}
