import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryAnswers } from '../../../src/estate/memory.ts';
import type { AnswerStore } from '../../../src/estate/port.ts';
import { askOnce, type Question, recordedAnswer } from '../../../src/issuers/ask-once.ts';
import type { OrderStatus } from '../../../src/issuers/port.ts';

const lost = new RenewalError('issuer-unreachable', 'cfssl: POST failed: ECONNRESET', {
  cause: { code: 'ECONNRESET' },
});
const crash = new TypeError('the process is gone');

/** A CA that issues another certificate each time it is asked. */
function world(answers: AnswerStore = createMemoryAnswers()) {
  const clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
  let issued = 0;
  let prepared = 0;
  const next: (RenewalError | OrderStatus)[] = [];
  const ask = async (): Promise<OrderStatus> => {
    const planned = next.shift();
    const isIssued = planned === undefined || planned === lost;
    if (isIssued) issued += 1;
    if (planned instanceof RenewalError) throw planned;
    return planned ?? { state: 'issued', chain: [`leaf ${issued}`, 'ca'] };
  };
  const question = (more: Partial<Question<number>> = {}): Question<number> => ({
    ...{ issuer: 'cfssl', renewalId: 'www-AAAA', spkiSha256: 'ab', ask },
    prepare: async () => {
      prepared += 1;
      return prepared;
    },
    ...more,
  });
  const submit = (more?: Partial<Question<number>>) => askOnce(question(more), { answers, clock });
  return { submit, clock, next, answers, issued: () => issued, prepared: () => prepared };
}

/** A store that fails in the middle of a question, as often as it is told. */
function failing(state: string, times: number): AnswerStore {
  const answers = createMemoryAnswers();
  let left = times;
  return {
    ...answers,
    save: async (row, etag) => {
      if (row.state !== state || left === 0) return answers.save(row, etag);
      left -= 1;
      throw new RenewalError('storage-unreachable', 'estate: write failed: no answer');
    },
  };
}

describe('askOnce', () => {
  it('answers a repeat with what was answered first, without asking anybody', async () => {
    const { submit, issued, prepared, answers } = world();
    const first = await submit();
    expect(first).toEqual({
      order: { reference: 'ab-www-AAAA' },
      status: { state: 'issued', chain: ['leaf 1', 'ca'] },
    });
    expect(await submit()).toEqual(first);
    expect(await recordedAnswer('ab-www-AAAA', answers)).toEqual(first.status);
    expect([issued(), prepared()]).toEqual([1, 1]);
  });

  it('asks anew for another renewal and for another key', async () => {
    const { submit, issued } = world();
    await submit();
    await submit({ renewalId: 'www-BBBB' });
    await submit({ spkiSha256: 'cd' });
    expect(issued()).toBe(3);
  });

  it('asks again at once after an answer that was lost, and says so', async () => {
    const { submit, next, issued } = world();
    next.push(lost);
    await expect(submit()).rejects.toBe(lost);
    expect((await submit()).order).toEqual({ reference: 'ab-www-AAAA', unheard: 1 });
    expect((await submit()).status).toEqual({ state: 'issued', chain: ['leaf 2', 'ca'] });
    expect(issued()).toBe(2);
  });

  it.each([
    new RenewalError('issuer-throttled', 'cfssl: 429', { retryAfterSeconds: 9 }),
    new RenewalError('issuer-misconfigured', 'cfssl: token'),
    new RenewalError('issuer-unreachable', 'cfssl: ECONNREFUSED', { cause: { code: 'ECONNREFUSED' } }),
  ])('counts nothing as unheard when the CA has surely not issued: $message', async (error) => {
    const { submit, next } = world();
    next.push(error);
    await expect(submit()).rejects.toBe(error);
    expect((await submit()).order).toEqual({ reference: 'ab-www-AAAA' });
  });

  it('asks again after a refusal and after a wait', async () => {
    const { submit, next, answers } = world();
    const pending: OrderStatus = { state: 'pending', retryAfterSeconds: 60 };
    const rejected: OrderStatus = { state: 'rejected', reason: 'no' };
    next.push(pending, rejected);
    expect((await submit()).status).toEqual(pending);
    expect(await recordedAnswer('ab-www-AAAA', answers)).toMatchObject({ state: 'rejected' });
    expect((await submit()).status).toEqual(rejected);
    expect((await submit()).status.state).toBe('issued');
  });

  it('waits for whoever asks at the same time', async () => {
    const { submit, clock, issued } = world();
    let answer: (status: OrderStatus) => void = () => undefined;
    const slow = submit({ ask: () => new Promise((resolve) => (answer = resolve)) });
    await expect.poll(() => submit().then(undefined, ({ retryAfterSeconds }) => retryAfterSeconds)).toBe(120);
    clock.advance(20_000);
    await expect(submit()).rejects.toMatchObject({ code: 'storage-conflict', retryAfterSeconds: 100 });
    answer({ state: 'issued', chain: ['slow'] });
    const { status } = await slow;
    expect((await submit()).status).toEqual(status);
    expect(issued()).toBe(0);
  });

  it('asks once when two begin in the same moment', async () => {
    const { submit, issued } = world();
    const ends = await Promise.allSettled([submit(), submit(), submit()]);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(issued()).toBe(1);
  });

  it('takes over after two minutes from whoever never told, and says so', async () => {
    const { submit, clock } = world(failing('open', 1));
    await expect(submit({ ask: () => Promise.reject(crash) })).rejects.toBe(crash);
    await expect(submit()).rejects.toMatchObject({ code: 'storage-conflict', retryAfterSeconds: 120 });
    clock.advance(120_000);
    expect((await submit()).order).toEqual({ reference: 'ab-www-AAAA', unheard: 1 });
  });

  it('gives both the same when the first answers after it was given up', async () => {
    const { submit, clock } = world();
    let answer: (status: OrderStatus) => void = () => undefined;
    const slow = submit({ ask: () => new Promise((resolve) => (answer = resolve)) });
    await expect.poll(() => submit().then(undefined, ({ code }) => code)).toBe('storage-conflict');
    clock.advance(121_000);
    const second = await submit();
    answer({ state: 'issued', chain: ['slow'] });
    expect(await slow).toEqual(second);
  });

  it('keeps what the first was answered, when whoever took over heard nothing', async () => {
    const { submit, clock, next, answers } = world();
    let answer: (status: OrderStatus) => void = () => undefined;
    const slow = submit({ ask: () => new Promise((resolve) => (answer = resolve)) });
    await expect.poll(() => submit().then(undefined, ({ code }) => code)).toBe('storage-conflict');
    clock.advance(121_000);
    next.push(lost);
    await expect(submit()).rejects.toBe(lost);
    answer({ state: 'issued', chain: ['slow'] });
    const { order, status } = await slow;
    expect(order).toEqual({ reference: 'ab-www-AAAA', unheard: 1 });
    expect(await recordedAnswer(order.reference, answers)).toEqual(status);
  });

  it('keeps no chain for which a row has no room', async () => {
    const { submit, next } = world();
    next.push({ state: 'issued', chain: Array.from({ length: 11 }, () => 'AAAA') });
    const { status } = await submit();
    expect(status).toEqual({ state: 'rejected', reason: 'the chain is too large: 11 parts of 44 characters in all' });
    expect((await submit()).status.state).toBe('issued');
  });

  it.each([['asking'], ['answered']])('says that nothing is known when %s cannot be written', async (state) => {
    const { submit, clock, issued } = world(failing(state, 1));
    await expect(submit()).rejects.toMatchObject({ code: 'storage-unreachable', retry: true });
    clock.advance(120_000);
    const { order, status } = await submit();
    expect(order.unheard ?? 0).toBe(issued() - 1);
    expect(status.state).toBe('issued');
  });

  it('knows no order that nobody placed', async () => {
    expect(await recordedAnswer('nothing', createMemoryAnswers())).toEqual({
      state: 'rejected',
      reason: 'nothing was recorded under this order',
    });
  });
});
