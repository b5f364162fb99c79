import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSettings } from '../../../../local/stand/settings-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterAll(() => rm(directory, { recursive: true }));

const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;

describe('the settings file', () => {
  it('is made from the sample', async () => {
    const file = join(directory, 'new.json');
    await writeSettings({ PERENNIAL_ESTATE: 'here.yaml' }, file);
    const sample = await read('local.settings.sample.json');
    expect(await read(file)).toEqual({
      ...sample,
      Values: { ...(sample.Values as object), PERENNIAL_ESTATE: 'here.yaml' },
    });
  });

  it("keeps the user's own values and sections", async () => {
    const file = join(directory, 'own.json');
    const own = { Values: { MINE: 'stays', PERENNIAL_ESTATE: 'old.yaml' }, Host: { LocalHttpPort: 7099 } };
    await writeFile(file, JSON.stringify(own));
    await writeSettings({ PERENNIAL_ESTATE: 'new.yaml' }, file);
    expect(await read(file)).toEqual({ ...own, Values: { MINE: 'stays', PERENNIAL_ESTATE: 'new.yaml' } });
  });

  it.each([
    ['{ "Values": ', 'is not JSON'],
    ['[]', 'holds no settings'],
    ['null', 'holds no settings'],
    ['{ "Values": [] }', 'holds no settings'],
  ])('is not overwritten when it reads %s', async (text, problem) => {
    const file = join(directory, 'broken.json');
    await writeFile(file, text);
    await expect(writeSettings({}, file)).rejects.toThrow(problem);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('is named when it cannot be written', async () => {
    const file = join(directory, 'nowhere', 'settings.json');
    await expect(writeSettings({}, file)).rejects.toThrow(`${file} cannot be written`);
  });
});
