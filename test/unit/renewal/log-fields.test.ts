import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LogMessage, logFields, logLines, logText } from '../../../src/renewal/log-fields.ts';
import { reportLine } from '../../../src/renewal/log-line.ts';

const messages = Object.keys(logLines) as readonly LogMessage[];

describe('logText', () => {
  it.each(messages)('%s holds the fields of the table and no other', (message) => {
    const all = Object.fromEntries(Object.keys(logFields).map((name) => [name, 1]));
    const written = JSON.parse(logText({ ...all, message, pfx: 'MII', token: 'ey' })) as object;
    expect(Object.keys(written)).toEqual(['message', ...logLines[message].fields]);
  });

  it('begins with the message, which queries look for', () => {
    expect(logText({ period: '0915', message: 'heartbeat' })).toBe('{"message":"heartbeat","period":"0915"}');
  });

  it('cuts a text that has no end', () => {
    const { detail } = JSON.parse(logText({ message: 'step ended', detail: 'x'.repeat(50_000) })) as { detail: string };
    expect(detail).toHaveLength(2000);
  });
});

describe('the table', () => {
  it('has no field that no line has', () => {
    const used = new Set<string>(messages.flatMap((message) => logLines[message].fields));
    expect(Object.keys(logFields).filter((name) => !used.has(name))).toEqual([]);
  });

  it('is asked by every trigger that logs', () => {
    const folder = resolve(import.meta.dirname, '../../../functions');
    const calls = readdirSync(folder).flatMap((file) => {
      const text = readFileSync(resolve(folder, file), 'utf8');
      return [...text.matchAll(/context\.(?:log|info|warn|debug|trace)\((\w+)/g)].map(([, how]) => how);
    });
    expect(calls.length).toBeGreaterThan(5);
    expect(new Set(calls)).toEqual(new Set(['logText']));
  });
});

describe('reportLine', () => {
  const name = `${'v'.repeat(24)}/${'c'.repeat(127)}`;
  const id = 'i'.repeat(100);
  const many = <T>(one: T): readonly T[] => Array.from({ length: 5000 }, () => one);
  const sweep = {
    ...{ looked: 5000, waiting: 0, queued: 0, started: many(id), running: many(id) },
    refused: many({ certificate: name, reason: 'private-ca-on-multi-tenant' }),
    unreachable: many({ certificate: name, problem: '"'.repeat(9000) }),
    ...{ unowned: many(name), orphans: many(name), overdue: many(name), expired: many(name), openOrders: many(id) },
    ...{ unanswered: [], credentials: [] },
  };

  it('fits into a message of Application Insights, whatever is broken', () => {
    const text = logText(reportLine('sweep done', sweep));
    expect(text.length).toBeLessThan(32_768);
    expect(JSON.parse(text)).toMatchObject({ looked: 5000, counts: { refused: 5000, expired: 5000 } });
  });

  it('names the first of each list', () => {
    const report = {
      ...{ queued: 1, started: [], startedAgain: [], closed: [], silent: ['a'], stuck: many('b') },
      unreachable: [{ certificate: 'contoso/shop', problem: 'vault-throttled: later' }],
    };
    expect(reportLine('watchdog acted', report)).toMatchObject({
      ...{ message: 'watchdog acted', queued: 1, silent: ['a'], unreachable: report.unreachable },
      counts: { started: 0, silent: 1, stuck: 5000 },
    });
    expect(reportLine('watchdog acted', report).stuck).toHaveLength(15);
  });
});
