import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const wiring = { functionAppId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app', vaults: [] };
const outputs = {
  AZURE_SUBSCRIPTION: 's',
  AZURE_RESOURCE_GROUP: 'g',
  APP_NAME: 'app',
  DURABLE_BACKEND: 'azureStorage',
  EVENT_WIRING: JSON.stringify(wiring),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'finish-'));
  for (const name of ['az', 'npm']) writeProgram(name);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stands in for a command: writes down what it was called with, and the file that it was given. */
function writeProgram(name: string): void {
  const program = `#!/bin/sh
printf '%s\\n' "${name} $*" >> '${join(folder, 'calls')}'
for one in "$@"; do case "$one" in *=@*) cat "\${one#*=@}" > '${join(folder, 'content')}' ;; esac; done
if [ -n "$FAILS" ]; then case "$*" in *"$FAILS"*) exit 3 ;; esac; fi
case "$*" in deployment*show*) printf '%s' "$SHOWN" ;; esac
`;
  writeFileSync(join(folder, name), program);
  chmodSync(join(folder, name), 0o755);
}

function finish(args: readonly string[], env: Readonly<Record<string, string>>) {
  const PATH = [folder, process.env.PATH].join(delimiter);
  const { PERENNIAL_EVENT_QUEUE: _, ...rest } = process.env;
  const all = ['infra/finish.mjs', '--pause-seconds', '0', '--tries', '3', ...args];
  const ended = spawnSync(process.execPath, all, { env: { ...rest, ...env, PATH }, encoding: 'utf8' });
  return { code: ended.status, said: ended.stdout + ended.stderr };
}

function calls(): readonly string[] {
  return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
}

function connected(): unknown {
  return JSON.parse(readFileSync(join(folder, 'content'), 'utf8'));
}

describe('the second half of a deployment', () => {
  it('packages, publishes, waits for the function and connects the events, in this order', () => {
    expect(finish([], outputs)).toMatchObject({ code: 0 });
    expect(calls()).toEqual([
      'npm run package -- --durable-backend azureStorage',
      expect.stringMatching(
        /^az functionapp deployment source config-zip --subscription s --resource-group g --name app --src dist/,
      ),
      expect.stringMatching(/^az functionapp function show .* --function-name certificateEvent/),
      expect.stringMatching(
        /^az deployment group create .* --template-file infra\/events\.bicep --parameters wiring=@/,
      ),
    ]);
    expect(connected()).toEqual(wiring);
  });

  it('finds the outputs of a deployment, whatever their case, and takes a package that is there', () => {
    const { AZURE_SUBSCRIPTION, AZURE_RESOURCE_GROUP, ...rest } = outputs;
    const found = {
      azurE_SUBSCRIPTION: AZURE_SUBSCRIPTION,
      azurE_RESOURCE_GROUP: AZURE_RESOURCE_GROUP,
      ...rest,
      evenT_WIRING: wiring,
    };
    const shown = Object.entries({ ...found, EVENT_WIRING: wiring }).map(([name, value]) => [
      name,
      { type: 'x', value },
    ]);
    const SHOWN = JSON.stringify({ properties: { outputs: Object.fromEntries(shown) } });
    expect(finish(['--deployment', 'perennial', '--package', 'a.zip'], { SHOWN })).toMatchObject({ code: 0 });
    expect(calls()[0]).toBe('az deployment sub show --name perennial --output json');
    expect(calls()[1]).toContain('--src a.zip');
    expect(connected()).toEqual(wiring);
  });

  it('asks the group when it is named', () => {
    finish(['--deployment', 'perennial', '--group', 'mine'], { SHOWN: '{}' });
    expect(calls()[0]).toBe('az deployment group show --resource-group mine --name perennial --output json');
  });

  it('says what is missing, and does nothing', () => {
    const { code, said } = finish([], { APP_NAME: 'app' });
    expect(code).toBe(1);
    expect(said).toContain('missing: AZURE_SUBSCRIPTION, AZURE_RESOURCE_GROUP, DURABLE_BACKEND, EVENT_WIRING');
    expect(() => calls()).toThrow(/ENOENT/);
  });

  it('connects no events when the code was not published', () => {
    expect(finish([], { ...outputs, FAILS: 'config-zip' })).toMatchObject({ code: 1 });
    expect(calls()).toHaveLength(2);
  });

  it('gives up, with what to do, on a function that does not come', () => {
    const { code, said } = finish([], { ...outputs, FAILS: 'function show' });
    expect(code).toBe(1);
    expect(said).toContain('does not show the function certificateEvent');
    expect(calls().filter((line) => line.includes('function show'))).toHaveLength(3);
    expect(calls().some((line) => line.includes('group create'))).toBe(false);
  });
});
