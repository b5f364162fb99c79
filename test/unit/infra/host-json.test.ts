import { describe, expect, it } from 'vitest';
import host from '../../../host.json' with { type: 'json' };
import { read } from './bicep-files.ts';

const { logging, extensions } = host;
const levels: Readonly<Record<string, string>> = logging.logLevel;

/** The level of a category: that of the longest name before a dot that is configured, as the host finds it. */
function levelOf(category: string): string | undefined {
  const parts = category.split('.');
  const names = parts.map((_, index) => parts.slice(0, parts.length - index).join('.'));
  return names.map((name) => levels[name]).find((level) => level !== undefined) ?? levels.default;
}

describe('host.json', () => {
  it('samples nothing away that alerts, workbook or a person who looks for a failure read', () => {
    const { excludedTypes } = logging.applicationInsights.samplingSettings;
    expect(excludedTypes.split(';').toSorted()).toEqual(['Exception', 'Request', 'Trace']);
  });

  it('leaves the mode in which those rules apply', () => {
    expect(host).not.toHaveProperty('telemetryMode');
  });

  it.each(['Function.sweep.User', 'Function.merge', 'Host.Results', 'Host.Triggers.DurableTask'])(
    'keeps what is logged as %s',
    (category) => {
      expect(levelOf(category)).toBe('Information');
    },
  );

  it.each(['Host.Aggregator', 'Azure.Core', 'DurableTask.AzureStorage', 'DurableTask.Core'])(
    'keeps only warnings of %s',
    (category) => {
      expect(levelOf(category)).toBe('Warning');
    },
  );

  it('traces orchestrations as one, without what goes into them', () => {
    expect(extensions.durableTask.tracing).toEqual({
      ...{ distributedTracingEnabled: true, version: 'V2' },
      ...{ traceInputsAndOutputs: false, traceReplayEvents: false },
    });
  });

  it('is explained, choice by choice', () => {
    const [, section = ''] = /## What is kept of telemetry\n([\s\S]*?)\n## /.exec(read('docs/operations.md')) ?? [];
    const choices = [...Object.keys(logging.applicationInsights), ...Object.keys(extensions.durableTask.tracing)];
    const categories = Object.keys(levels).map((name) => name.replace(/^DurableTask\..*/, 'DurableTask.*'));
    expect([...choices, ...categories, 'excludedTypes'].filter((name) => !section.includes(name))).toEqual([]);
  });
});

describe('Application Insights', () => {
  it('has no sampling of its own in what is deployed', () => {
    expect(read('infra/modules/logs.bicep')).not.toMatch(/SamplingPercentage/i);
  });
});
