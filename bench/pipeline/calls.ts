import { type Detail, figureOf, type Report } from '../figure.ts';
import { rateOf, type Wish } from './batch.ts';
import { type Counts, startCounting } from './counting.ts';
import { startOrchestrated } from './orchestrated.ts';
import { openStage } from './stage.ts';

const CERTIFICATES = 20;

/** What one renewal costs in calls, counted where they arrive. Clients, tables and tokens are there already. */
export async function benchCalls(): Promise<Report> {
  const stage = await openStage(CERTIFICATES + 1);
  const counting = await startCounting(stage.stand);
  try {
    const app = await startOrchestrated(stage.folder, counting.settings);
    const wishes = stage.certificates.map(({ vaultName, name }): Wish => ({ vault: vaultName, certificate: name }));
    rateOf(2, await app.renew(wishes.slice(0, 2), 1));
    counting.take();
    const measured = wishes.slice(1);
    rateOf(measured.length, await app.renew(measured, 1));
    const { vault, storage } = counting.take();
    await app.stop();
    return {
      bench: 'calls: what one renewal with one site asks of Key Vault and of storage',
      figures: [
        figureOf('Key Vault calls', '/renewal', [sum(vault) / CERTIFICATES]),
        figureOf('storage transactions', '/renewal', [sum(storage) / CERTIFICATES]),
      ],
      details: [detail('Key Vault, by kind', vault), detail('storage, by kind', storage)],
    };
  } finally {
    await counting.close();
    await stage.close();
  }
}

function sum(counts: Counts): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function detail(title: string, counts: Counts): Detail {
  const rows = [...counts].sort(([, one], [, other]) => other - one);
  return { title, columns: ['kind', '/renewal'], rows: rows.map(([kind, count]) => [kind, count / CERTIFICATES]) };
}
