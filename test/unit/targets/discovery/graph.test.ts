import { describe, expect, it } from 'vitest';
import type { ArmWrite } from '../../../../src/azure/arm.ts';
import { createGraph } from '../../../../src/targets/discovery/graph.ts';

const PAGE = { data: [{ id: 1 }], resultTruncated: 'false' };

/** A Resource Graph that answers with these, one after the other, and notes what it was asked. */
function graphOf(answers: readonly (Omit<Extract<ArmWrite, { state: 'done' }>, 'state'> | Error)[]) {
  const asked: unknown[] = [];
  const rests: number[] = [];
  const left = [...answers];
  const graph = createGraph({
    arm: {
      async post(id, body) {
        asked.push({ id, body });
        const next = left.shift();
        if (next === undefined || next instanceof Error) throw next ?? new TypeError('not expected');
        return { state: 'done', ...next };
      },
    },
    rest: async (seconds) => void rests.push(seconds),
    pageRows: 2,
  });
  return { graph, asked, rests };
}

describe('createGraph', () => {
  it('asks page after page until there is no token', async () => {
    const { graph, asked } = graphOf([
      { body: { data: [1, 2], resultTruncated: 'true', $skipToken: 'next' } },
      { body: { data: [3], resultTruncated: false } },
    ]);
    expect(await graph.ask('resources', ['s'])).toEqual([1, 2, 3]);
    expect(asked).toEqual([
      {
        id: '/providers/Microsoft.ResourceGraph/resources',
        body: { query: 'resources', subscriptions: ['s'], options: { resultFormat: 'objectArray', $top: 2 } },
      },
      {
        id: '/providers/Microsoft.ResourceGraph/resources',
        body: {
          ...{ query: 'resources', subscriptions: ['s'] },
          options: { resultFormat: 'objectArray', $top: 2, $skipToken: 'next' },
        },
      },
    ]);
  });

  it('asks for a hundred subscriptions at a time', async () => {
    const { graph, asked } = graphOf([{ body: PAGE }, { body: PAGE }]);
    const all = Array.from({ length: 101 }, (_, index) => `s${index}`);
    expect(await graph.ask('resources', all)).toHaveLength(2);
    expect(asked).toMatchObject([
      { body: { subscriptions: all.slice(0, 100) } },
      { body: { subscriptions: ['s100'] } },
    ]);
  });

  it('asks nothing of no subscription', async () => {
    expect(await graphOf([]).graph.ask('resources', [])).toEqual([]);
  });

  it('rests as long as it is told to, and no longer than half a minute', async () => {
    const short = graphOf([{ body: PAGE, restSeconds: 4 }]);
    await short.graph.ask('resources', ['s']);
    expect(short.rests).toEqual([4]);
    const long = graphOf([{ body: PAGE, restSeconds: 31 }]);
    await expect(long.graph.ask('resources', ['s'])).rejects.toMatchObject({
      ...{ code: 'arm-throttled', retryAfterSeconds: 31 },
    });
    expect(long.rests).toEqual([]);
  });

  it.each([
    ['that is cut without a token', { data: [], resultTruncated: 'true' }],
    ['without rows', { resultTruncated: 'false' }],
    ['of a table', { data: { columns: [], rows: [] }, resultTruncated: 'false' }],
    ['that does not say whether it is whole', { data: [] }],
    ['that is nothing', undefined],
  ])('takes an answer %s for none', async (_, body) => {
    await expect(graphOf([{ body }]).graph.ask('resources', ['s'])).rejects.toMatchObject({ code: 'arm-unreachable' });
  });

  it('gives up a list that has no end', async () => {
    const endless = Array.from({ length: 101 }, () => ({
      body: { data: [1], resultTruncated: 'true', $skipToken: 'more' },
    }));
    await expect(graphOf(endless).graph.ask('resources', ['s'])).rejects.toThrow('more than 100 pages');
  });
});
