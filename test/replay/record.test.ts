import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../builders/world.ts';
import { openBench } from './bench.ts';
import { livePath } from './path.ts';
import { paths } from './paths.ts';
import {
  addRecording,
  HISTORIES,
  namedRecordings,
  readRecordings,
  recordingsOf,
  sealOf,
  unfinished,
} from './recording.ts';

/** Set to `new` to add the histories of paths that have none yet. What is there is never written again. */
const record = process.env.RECORD_HISTORIES === 'new';

describe('a path', () => {
  it.each(Object.entries(paths))('%s has its histories', async (name, path) => {
    const { lived } = await livePath(path);
    const all = recordingsOf(lived.calls, { path: name, tells: path.tells });
    const wanted = namedRecordings(all.filter(({ orchestrator }) => path.records.includes(orchestrator)));
    expect(new Set([...wanted.values()].map(({ orchestrator }) => orchestrator))).toEqual(new Set(path.records));
    expect([...wanted.values()].filter(({ end }) => end.state === 'failed' && end.error === unfinished)).toEqual([]);
    if (record) for (const [file, recording] of wanted) addRecording(file, recording);
    const missing = [...wanted.keys()].filter((file) => !existsSync(join(HISTORIES, file)));
    expect(missing, 'not recorded yet: RECORD_HISTORIES=new npx vitest run --project replay').toEqual([]);
  });
});

describe('the heartbeat', () => {
  it('has its history', async () => {
    const bench = await openBench(await createWorld());
    const all = recordingsOf(await bench.heartbeat(), { path: 'heartbeat', tells: 'A heartbeat comes through.' });
    await bench.hub.stop();
    expect(all).toMatchObject([{ orchestrator: 'heartbeat', end: { state: 'completed' } }]);
    const wanted = namedRecordings(all);
    if (record) for (const [file, recording] of wanted) addRecording(file, recording);
    expect([...wanted.keys()].filter((file) => !existsSync(join(HISTORIES, file)))).toEqual([]);
  });
});

describe('a recorded history', () => {
  it('is never written again', () => {
    for (const { file, recording } of readRecordings().slice(0, 1)) {
      const before = readFileSync(join(HISTORIES, file));
      expect(addRecording(file, { ...recording, history: [] })).toBe('kept');
      expect(readFileSync(join(HISTORIES, file))).toEqual(before);
    }
  });

  it('has another seal once it was edited', () => {
    for (const { recording } of readRecordings().slice(0, 1)) {
      const [first, ...rest] = recording.history;
      expect(sealOf({ ...recording, history: rest })).not.toBe(sealOf(recording));
      expect(sealOf({ ...recording, history: first === undefined ? [] : [first, ...rest] })).toBe(sealOf(recording));
    }
  });

  it('belongs to a path that is still lived', () => {
    expect(
      readRecordings().filter(
        ({ recording }) => !Object.hasOwn(paths, recording.path) && recording.path !== 'heartbeat',
      ),
    ).toEqual([]);
  });
});
