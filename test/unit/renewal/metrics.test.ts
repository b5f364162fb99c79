import { describe, expect, it } from 'vitest';
import { logText } from '../../../src/renewal/log-fields.ts';
import { dimensions, type MetricName, metricLines, metrics, type Point } from '../../../src/renewal/metrics.ts';

const names = Object.keys(metrics) as readonly MetricName[];

interface Written {
  readonly message: string;
  readonly metric: string;
  readonly unit: string;
  readonly points: readonly Readonly<Record<string, unknown>>[];
}

/** As it comes out of the app. */
function written<M extends MetricName>(metric: M, points: readonly object[]): readonly Written[] {
  return metricLines(metric, points as readonly Point<M>[]).map((line) => JSON.parse(logText(line)) as Written);
}

describe('metricLines', () => {
  it.each(names)('%s has the dimensions of the table and no other', (metric) => {
    const known = { vault: 'contoso', certificate: 'shop', outcome: 'failed', reason: 'stuck', state: 'queued' };
    const [line] = written(metric, [{ ...known, value: 1, renewalId: 'r', requester: 'somebody', url: 'https://x' }]);
    expect(line).toMatchObject({ message: 'metrics', metric, unit: metrics[metric].unit });
    expect(Object.keys(line?.points[0] ?? {})).toEqual(['value', ...metrics[metric].dimensions]);
  });

  it.each(names)('%s takes only words of a list, or names of the estate', (metric) => {
    const strange = Object.fromEntries(Object.keys(dimensions).map((name) => [name, `chosen-by-others-${name}`]));
    const [line] = written(metric, [{ ...strange, value: 1 }]);
    for (const name of metrics[metric].dimensions) {
      const listed: 'estate' | readonly string[] = dimensions[name];
      expect(line?.points[0]?.[name]).toBe(listed === 'estate' ? strange[name] : 'other');
    }
  });

  it('cannot be asked for a metric that the table has not', () => {
    expect(() => written('temperature' as MetricName, [{ value: 1 }])).toThrow();
  });

  it('leaves out what is no number, and writes nothing of nothing', () => {
    expect(written('sweep.age', [{ value: Number.NaN }, { value: Number.POSITIVE_INFINITY }])).toEqual([]);
    expect(written('sweep.age', [])).toEqual([]);
    expect(written('sweep.age', [{ value: 1 / 3 }])[0]?.points).toEqual([{ value: 0.333 }]);
  });

  it('fits into a message of Application Insights, however many certificates there are', () => {
    const point = { value: -12_345.678, vault: 'v'.repeat(24), certificate: 'c'.repeat(127) };
    const lines = metricLines(
      'days_to_expiry',
      Array.from({ length: 1001 }, () => point),
    );
    expect(lines).toHaveLength(11);
    for (const line of lines) expect(logText(line).length).toBeLessThan(32_768);
  });

  it('puts the metric where queries look for it', () => {
    expect(logText(metricLines('failures', [{ value: 1, outcome: 'failed', reason: 'stuck' }])[0] ?? never())).toMatch(
      /^\{"message":"metrics","metric":"failures",/,
    );
  });
});

function never(): never {
  throw new TypeError('no line');
}

describe('the table', () => {
  it('names only dimensions whose values are a closed list or in the estate file', () => {
    for (const name of names) {
      for (const dimension of metrics[name].dimensions) expect(Object.keys(dimensions)).toContain(dimension);
    }
    const longest = Math.max(...Object.values(dimensions).map((list) => (list === 'estate' ? 0 : list.length)));
    expect(longest).toBeLessThan(100);
  });

  it('has no dimension that no metric has', () => {
    const used = new Set<string>(names.flatMap((name) => metrics[name].dimensions));
    expect(Object.keys(dimensions).filter((name) => !used.has(name))).toEqual([]);
  });
});
