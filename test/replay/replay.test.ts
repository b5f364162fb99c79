import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OrchestrationContext } from 'durable-functions';
import { describe, expect, it } from 'vitest';
import type { Story } from '../../src/renewal/perform.ts';
import { renewCertificate } from '../../src/renewal/renew-certificate.ts';
import { createAppWorker, type Orchestrators, orchestrators } from './app.ts';
import { type ReadRecording, readRecordings } from './recording.ts';
import { explain, replayRecording } from './replay.ts';

const recordings = readRecordings();

const appOf = (given?: Orchestrators) =>
  createAppWorker(() => Promise.reject(new TypeError('a replay calls no step')), given);

describe('the orchestrators', () => {
  const worker = appOf();

  it.each(recordings.map((read) => [read.file, read] as const))('follow %s', async (file, { recording, sealed }) => {
    expect(sealed, `${file} was edited: take the edit back; a recorded history is added to, never edited`).toBe(true);
    const difference = await replayRecording(recording, worker);
    if (difference !== undefined) throw new TypeError(explain(file, difference));
  });

  it('go the way through the vault only where inspect or start has written so, which no earlier version of the app does', () => {
    for (const { file, recording } of recordings.filter((read) => read.recording.orchestrator === 'renewCertificate')) {
      const text = JSON.stringify(recording.history);
      const isToldTo = text.includes('inVault') || JSON.stringify(recording.input).includes('"adopts"');
      const goes = recording.history.some((event) => 'Name' in event && event.Name === 'checkVersion');
      if (goes) expect(isToldTo, file).toBe(true);
      if (!isToldTo) expect(text, file).not.toContain('checkVersion');
    }
  });

  it('are those of the app, and each has recorded histories', () => {
    const triggers = readFileSync(join(import.meta.dirname, '../../functions/orchestrations.ts'), 'utf8');
    const names = [...triggers.matchAll(/df\.app\.orchestration\('(\w+)'/g)].map(([, name]) => name);
    expect(Object.keys(orchestrators)).toEqual(names);
    expect(new Set(recordings.map(({ recording }) => recording.orchestrator))).toEqual(new Set(names));
  });
});

/** Passes on what the story asks for, but for what `change` makes of it. */
function altered(change: (context: OrchestrationContext) => OrchestrationContext): Orchestrators {
  return { ...orchestrators, renewCertificate: (context) => renewCertificate(change(context)) as Story<unknown> };
}

/** A context whose activities are called through `call`. */
function calling(call: (name: string, input: unknown) => readonly [string, unknown]) {
  return (context: OrchestrationContext): OrchestrationContext =>
    new Proxy(context, {
      get: (target, field) => (field === 'df' ? recalled(target.df, call) : Reflect.get(target, field)),
    });
}

function recalled(
  df: OrchestrationContext['df'],
  call: (name: string, input: unknown) => readonly [string, unknown],
): OrchestrationContext['df'] {
  return new Proxy(df, {
    get(target, field) {
      if (field === 'callActivity') return (name: string, input: unknown) => target.callActivity(...call(name, input));
      const value: unknown = Reflect.get(target, field);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const swapped: Readonly<Record<string, string>> = { request: 'submit', submit: 'request' };

describe('an orchestrator that was changed', () => {
  const plain = recordings.find(({ file }) => file === '1.0/renewCertificate/one-target.json') as ReadRecording;

  it.each([
    [
      'in the order of its steps',
      altered(calling((name, input) => [swapped[name] ?? name, input])),
      { episode: 3, act: 3, was: "activity 'request'", now: "activity 'submit'" },
    ],
    [
      'in what it asks a step',
      altered(calling((name, input) => [name, name === 'poll' ? { ...(input as object), round: 2 } : input])),
      { act: 6, was: "activity 'poll' with input.round = 1", now: "activity 'poll' with input.round = 2" },
    ],
    [
      'by a new step at its end',
      {
        ...orchestrators,
        *renewCertificate(context: OrchestrationContext): Story<unknown> {
          const result = yield* renewCertificate(context);
          yield context.df.callActivity('close', {});
          return result;
        },
      },
      { was: 'end', now: "activity 'close'" },
    ],
    [
      'in what it answers',
      {
        ...orchestrators,
        *renewCertificate(context: OrchestrationContext): Story<unknown> {
          return { ...(yield* renewCertificate(context)), detail: 'all is well' };
        },
      },
      { was: 'end with end.output.detail = "1/1 targets verified"' },
    ],
  ])('%s is caught', async (_title, changed, expected) => {
    const difference = await replayRecording(plain.recording, appOf(changed));
    expect(difference).toMatchObject(expected);
    const told = difference === undefined ? '' : explain(plain.file, difference);
    expect(told).toContain(expected.was);
    expect(told).toContain("Orchestrator 'renewCertificate', version 1.0,");
    expect(told).toMatch(/Introduce a new version: raise defaultVersion[\s\S]*never edited/);
  });
});
