import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parametersOf } from '../../../docs/infra-tables.ts';
import { code, infraFiles, reached, read } from './bicep-files.ts';

const entries = ['infra/main.bicep', 'infra/group.bicep'];
const templates = infraFiles('.bicep');
const named = (file: string) => parametersOf(read(file)).map(({ name }) => name);

describe('the two entries of the first deployment', () => {
  it('have the same parameters but for the group, each with the same words', () => {
    const [main = [], group = []] = entries.map((file) => parametersOf(read(file)));
    const shared = main.filter(({ name }) => !['resourceGroupName', 'location'].includes(name));
    expect(shared).toEqual(group.filter(({ name }) => name !== 'location'));
  });

  it.each(entries)('%s hands every parameter on, and nothing is decided there', (file) => {
    const inner = named('infra/modules/perennial.bicep');
    const handed = [...code(file).matchAll(/^ {4}(\w+): \1$/gm)].map(([, name = '']) => name);
    expect(handed.toSorted()).toEqual(inner.toSorted());
    expect(inner.filter((name) => !named(file).includes(name))).toEqual([]);
  });

  it('leave the subscriptions to events to the second one', () => {
    const subscribing = templates.filter((file) => /eventSubscriptions@/.test(code(file)));
    expect(subscribing).toEqual(['infra/modules/event-subscriptions.bicep']);
    expect(entries.flatMap(reached).filter((file) => subscribing.includes(file))).toEqual([]);
    expect(reached('infra/events.bicep')).toContain('infra/modules/event-subscriptions.bicep');
  });

  it('reach every file, together with the second', () => {
    const all = new Set([...entries, 'infra/events.bicep'].flatMap(reached));
    expect(templates.filter((file) => !all.has(file))).toEqual([]);
  });
});

describe('parameters', () => {
  it.each(templates)('%s says what each is for', (file) => {
    const declared = code(file).match(/^(?:param|output) /gm) ?? [];
    const described = code(file).match(/^@description\('.+'\)\n(?:@.+\n)*(?:param|output) /gm) ?? [];
    expect(described.length).toBe(declared.length);
  });

  it.each(['infra/types.bicep', 'infra/parts.bicep'])('of %s have types that say what each field is for', (file) => {
    const text = code(file);
    const fields = text.match(/^ {2}\w+: /gm) ?? [];
    expect(text.match(/^ {2}@description\('.+'\)\n(?: {2}@.+\n)* {2}\w+: /gm)).toHaveLength(fields.length);
    const types = text.match(/^type /gm) ?? [];
    expect(text.match(/^@export\(\)\n@description\('.+'\)\ntype /gm)).toHaveLength(types.length);
  });

  it.each(infraFiles('.bicepparam'))('%s names parameters that exist, and all that have to be given', (file) => {
    const text = code(file);
    const template = /^using '\.\/(\w+\.bicep)'/m.exec(text)?.[1] ?? '';
    const parameters = parametersOf(read(`infra/${template}`));
    const given = [...text.matchAll(/^param (\w+) = /gm)].map(([, name = '']) => name);
    expect(given.filter((name) => !parameters.some((parameter) => parameter.name === name))).toEqual([]);
    const needed = parameters.filter(({ type, default: usual }) => usual === undefined && !type.endsWith('?'));
    expect(needed.map(({ name }) => name).filter((name) => !given.includes(name))).toEqual([]);
  });
});

describe('resources', () => {
  const versions = templates.flatMap((file) => [...code(file).matchAll(/'(Microsoft\.[\w.]+(?:\/\w+)+)@([\w-]+)'/g)]);

  it('have one version a provider and type', () => {
    const seen = new Map<string, Set<string>>();
    for (const [, type = '', version = ''] of versions) seen.set(type, (seen.get(type) ?? new Set()).add(version));
    expect([...seen].filter(([, found]) => found.size > 1)).toEqual([]);
  });

  it('come in stable versions, where there is one', () => {
    const previews = versions.filter(([, , version]) => version?.endsWith('-preview')).map(([, type]) => type);
    expect(new Set(previews)).toEqual(new Set(['Microsoft.Insights/diagnosticSettings']));
  });

  it('come from no registry', () => {
    expect([...templates, ...infraFiles('.bicepparam')].filter((file) => /'(?:br|ts)[:/]/.test(code(file)))).toEqual(
      [],
    );
  });

  it('take no key where an identity will do', () => {
    const accounts = templates.filter((file) =>
      /^resource \w+ 'Microsoft\.Storage\/storageAccounts@[^']*' = /m.test(code(file)),
    );
    expect(accounts).toHaveLength(2);
    for (const file of accounts) {
      expect(code(file)).toContain('allowSharedKeyAccess: false');
      expect(code(file)).toContain('allowBlobPublicAccess: false');
      expect(code(file)).toContain("minimumTlsVersion: 'TLS1_2'");
    }
    expect(code('infra/modules/logs.bicep')).toContain('DisableLocalAuth: true');
  });

  it('keep what must not be lost', () => {
    expect(code('infra/modules/records-storage.bicep')).toContain('allowProtectedAppendWrites: true');
    const vault = code('infra/modules/key-vault.bicep');
    for (const line of [
      'enablePurgeProtection: true',
      'enableRbacAuthorization: true',
      'softDeleteRetentionInDays: 90',
    ]) {
      expect(vault).toContain(line);
    }
  });
});

describe('pipelines', () => {
  interface Step {
    readonly uses?: string;
    readonly run?: string;
  }
  interface Workflow {
    readonly permissions: object;
    readonly jobs: Readonly<
      Record<string, { readonly uses?: string; readonly permissions?: object; readonly steps?: readonly Step[] }>
    >;
  }
  const files = ['.github/workflows/check.yml', '.github/workflows/deploy.yml'];
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

  it.each(files)('%s pins every action by commit, and gives no right that is not asked for', (file) => {
    const workflow = parse(read(file)) as Workflow;
    expect(workflow.permissions).toEqual({});
    const jobs = Object.values(workflow.jobs);
    expect(jobs.filter(({ permissions }) => permissions === undefined)).toEqual([]);
    const uses = jobs.flatMap((job) => [job.uses, ...(job.steps ?? []).map((step) => step.uses)]);
    const foreign = uses.filter((action) => action !== undefined && !action.startsWith('./'));
    expect(foreign.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action ?? ''))).toEqual([]);
    const lines = read(file).match(/uses: [\w-]+\/.*/g) ?? [];
    expect(lines.filter((line) => !/# v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  it.each(files)('%s puts no expression into a script, and calls scripts and files that exist', (file) => {
    const runs = Object.values((parse(read(file)) as Workflow).jobs).flatMap(({ steps = [] }) =>
      steps.map(({ run = '' }) => run),
    );
    expect(runs.filter((run) => run.includes('${{'))).toEqual([]);
    const called = runs.flatMap((run) => [...run.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name));
    expect(called.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    const paths = runs.flatMap((run) => run.match(/infra\/[\w-]+\.(?:bicep|mjs)(?!param)/g) ?? []);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('deploy only what has a parameter file, by a federated identity', () => {
    const deploy = parse(read(files[1] ?? '')) as {
      on: { workflow_dispatch: { inputs: { environment: { options: string[] } } } };
    };
    for (const name of deploy.on.workflow_dispatch.inputs.environment.options)
      expect(existsSync(`infra/${name}.bicepparam`)).toBe(true);
    expect(read(files[1] ?? '')).not.toMatch(/secrets\.|client-secret|creds:/);
  });

  it('let azd find what it calls', () => {
    const azd = parse(read('azure.yaml')) as {
      infra: { path: string; module: string };
      hooks: { postprovision: Record<string, { run: string }> };
    };
    expect(existsSync(`${azd.infra.path}/${azd.infra.module}.bicep`)).toBe(true);
    const hooks = Object.values(azd.hooks.postprovision).map(({ run }) => run);
    expect(hooks).toHaveLength(2);
    for (const run of hooks) expect(run).toContain('node infra/finish.mjs');
  });
});
