import { describe, expect, it } from 'vitest';
import { closedRowLine, estateLines, eventLine, rollBackLines, stepLine } from '../../../src/renewal/log-line.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import { certificateRow } from '../../contract/estate-suite.ts';

const call = { renewalId: 'shop-abc', vault: 'contoso', certificate: 'shop', attempt: 2 };
const targets = [
  { id: 'site-1', kind: 'app-service', verified: true, touched: true },
  { id: 'site-2', kind: 'app-service', verified: false, touched: true },
] as const;
const result: RenewalResult = {
  ...{ renewalId: 'shop-abc', vault: 'contoso', certificate: 'shop', reason: 'sweep', targets },
  ...{ outcome: 'partly-deployed', outcomeReason: 'targets-unverified', detail: '1 of 2' },
};

describe('stepLine', () => {
  it('says whose step it was and how it ended', () => {
    expect(stepLine('poll', call, { state: 'done', value: { state: 'pending', csr: 'MII' } })).toEqual({
      ...{ message: 'step ended', ...call, step: 'poll', state: 'done' },
    });
    const again = { state: 'again', code: 'vault-throttled', detail: 'in 10 s' } as const;
    expect(stepLine('merge', call, again)).toEqual({ message: 'step ended', ...call, step: 'merge', ...again });
  });

  it('names reason and outcome as the journal does', () => {
    const ended = { state: 'ended', outcome: 'refused', outcomeReason: 'foreign-pending', detail: 'x' } as const;
    expect(stepLine('request', call, ended)).toMatchObject({ outcome: 'refused', reason: 'foreign-pending' });
  });

  it('carries the trace id, not the whole of the trace', () => {
    const traced = { ...call, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
    const line = stepLine('gate', traced, { state: 'done', value: {} });
    expect(line).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
    expect(line).not.toHaveProperty('traceparent');
  });

  it('names the target and whether it was seen serving', () => {
    const closed = { ...call, target: { id: 'site-2' }, result: targets[1] };
    expect(stepLine('targetClosed', closed, { state: 'done', value: {} })).toMatchObject({
      ...{ target: 'site-2', verified: false },
    });
  });

  it('tells of the whole renewal when it is closed, its message first', () => {
    const line = stepLine('close', Object.assign({ result }, call), { state: 'done', value: {} });
    expect(line).toMatchObject({ outcome: 'partly-deployed', reason: 'targets-unverified', verified: 1, targets: 2 });
    expect(JSON.stringify(line)).toMatch(/^\{"message":"renewal closed"/);
  });
});

describe('rollBackLines', () => {
  const stopped: RenewalResult = { ...result, outcomeReason: 'roll-back-failed', detail: 'site-2 serves 12ab' };
  const closed = { state: 'done', value: { closed: true, seconds: 9, attempts: 1 } } as const;

  it('tells once of targets that could not be moved back', () => {
    const asked = { ...call, result: stopped };
    expect(rollBackLines('close', asked, closed)).toEqual([
      {
        ...{ message: 'roll back failed', renewalId: 'shop-abc', traceId: undefined, vault: 'contoso' },
        ...{ certificate: 'shop', detail: 'site-2 serves 12ab', verified: 1, targets: 2 },
      },
    ]);
    expect(rollBackLines('close', asked, { state: 'done', value: { closed: true } })).toEqual([]);
  });

  it('says nothing of any other end, and of no other step', () => {
    expect(rollBackLines('close', Object.assign({ result }, call), closed)).toEqual([]);
    expect(rollBackLines('merge', Object.assign({ result: stopped }, call), closed)).toEqual([]);
  });
});

it('closedRowLine tells the end that no step told, in the words of the line that a step would have written', () => {
  const row = certificateRow('shop', {
    ...{ vault: 'contoso', renewalId: 'shop-abc', lastOutcome: 'failed', lastReason: 'stuck' },
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  });
  expect(closedRowLine(row)).toMatchObject({
    ...{ message: 'renewal closed', renewalId: 'shop-abc', traceId: 'a'.repeat(32), vault: 'contoso' },
    ...{ certificate: 'shop', outcome: 'failed', reason: 'stuck' },
  });
});

describe('eventLine', () => {
  it('names vault and certificate as the event does, cut', () => {
    const event = { topic: '/subscriptions/1/providers/Microsoft.KeyVault/vaults/contoso', subject: 'x'.repeat(999) };
    const line = eventLine(event, { state: 'ignored', type: 't' });
    expect(line).toMatchObject({ vault: 'contoso', certificate: 'x'.repeat(300), state: 'ignored' });
  });

  it('carries the trace id of the event, or of the renewal when the event has none', () => {
    const began = { state: 'running', renewalId: 'a', vault: 'v', certificate: 'c', traceId: 'b'.repeat(32) } as const;
    const own = `00-${'a'.repeat(32)}-00f067aa0ba902b7-01`;
    expect(eventLine({}, began, own)).toMatchObject({ traceId: 'a'.repeat(32), renewalId: 'a' });
    expect(eventLine({}, began)).toMatchObject({ traceId: 'b'.repeat(32) });
  });

  it('lets what was found out stand in place of what was said', () => {
    const taken = { state: 'started', renewalId: 'r', vault: 'contoso', certificate: 'shop' } as const;
    expect(eventLine({ source: '/a/other', subject: 'odd' }, taken)).toMatchObject({
      vault: 'contoso',
      certificate: 'shop',
    });
    expect(eventLine('not an event', { state: 'parked', problem: 'p' })).toMatchObject({ vault: '', certificate: '' });
  });
});

describe('estateLines', () => {
  it('tells every row once, forty a line at most, without what is none of the portal', async () => {
    const row = { vault: 'contoso', plan: 'web', owner: 'team', state: 'idle', attempt: 1, failedAttempts: 0 } as const;
    async function* certificates() {
      for (let index = 0; index < 81; index++) yield { row: { ...row, name: `c${index}` }, etag: 'e' };
    }
    const lines: { rows: readonly { certificate: string }[] }[] = [];
    for await (const line of estateLines({ certificates })) lines.push(line as never);
    expect(lines.map(({ rows }) => rows.length)).toEqual([40, 40, 1]);
    expect(new Set(lines.flatMap(({ rows }) => rows.map(({ certificate }) => certificate))).size).toBe(81);
    expect(JSON.stringify(lines)).not.toContain('team');
  });
});
