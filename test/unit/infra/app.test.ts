import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsOf } from '../../../docs/infra-tables.ts';
import type { FunctionInfo } from '../../../local/host/types.ts';
import { loadApp } from '../../../local/host/worker/app.ts';
import { type LogLine, logFields, logLines } from '../../../src/renewal/log-fields.ts';
import { estateLines, eventLine, stepLine } from '../../../src/renewal/log-line.ts';
import { metricLines, metrics } from '../../../src/renewal/metrics.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import { code, declaration, infraFiles, read } from './bicep-files.ts';

const everything = ['.bicep', '.kql', '.json', '.mjs'].flatMap(infraFiles);
const queries = [...infraFiles('.kql'), 'infra/workbook.json'];

/** What all matches of a pattern caught, over all files. */
function caught(files: readonly string[], pattern: RegExp): readonly string[] {
  return files.flatMap((file) => [...read(file).matchAll(pattern)].map(([, text = '']) => text));
}

/** One line of every kind that the app logs about renewals. */
async function sampleLines(): Promise<readonly LogLine[]> {
  const call = { renewalId: 'r', vault: 'contoso', certificate: 'shop', attempt: 1 };
  const ended = { outcome: 'failed', outcomeReason: 'step-failed', detail: 'x' } as const;
  const done = { state: 'done', value: {} } as const;
  const target = { target: { id: 'site' }, result: { verified: true } };
  const row = { ...call, name: 'shop', plan: 'web', owner: 'team', state: 'idle', failedAttempts: 0 } as const;
  async function* certificates() {
    yield { row, etag: 'e' };
  }
  const lines: LogLine[] = [
    eventLine({}, { state: 'ignored', type: 't' }),
    stepLine('poll', call, { state: 'ended', ...ended }),
    stepLine('targetClosed', Object.assign(target, call), done),
    stepLine('close', Object.assign({ result: { ...ended, targets: [] } }, call), done),
    ...metricLines('failures', [{ value: 1, outcome: 'failed', reason: 'stuck' }]),
  ];
  for await (const line of estateLines({ certificates })) lines.push(line);
  return lines;
}

/** The sections of the runbook, by the alert that each is about. */
function runbook(): ReadonlyMap<string, string> {
  const [, alerts = ''] = read('docs/operations.md').split('\n## Alerts\n');
  const sections = alerts.split('\n### ').slice(1);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')), section] as const));
}

/** The names of an object's fields, and of those of the first object in its lists. */
function fieldsOf(line: object): readonly string[] {
  const inner = Object.values(line).flatMap((value) =>
    Array.isArray(value) && value.length > 0 ? fieldsOf(value[0]) : [],
  );
  return [...Object.keys(line), ...inner];
}

describe('the built app', () => {
  const before = process.env.PERENNIAL_EVENT_QUEUE;
  let functions: readonly FunctionInfo[];
  beforeAll(async () => {
    // The function of the queue is there only where there is one.
    process.env.PERENNIAL_EVENT_QUEUE = 'certificate-events';
    functions = (await loadApp(resolve('.'), () => undefined)).functions;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.PERENNIAL_EVENT_QUEUE;
    else process.env.PERENNIAL_EVENT_QUEUE = before;
  });
  const typed = (type: RegExp) => functions.filter(({ trigger }) => type.test(trigger.type)).map(({ name }) => name);

  it('has the functions that events are sent to, by their trigger', () => {
    const targets = caught(everything, /\/functions\/(\w+)/g);
    expect(new Set(targets)).toEqual(new Set(typed(/^eventGridTrigger$/i)));
    expect(code('infra/finish.mjs')).toContain(`eventFunction = '${targets[0]}'`);
  });

  it('reads the queue that events are put into, with the connection of the host', () => {
    const [queue] = functions.filter(({ trigger }) => /^queueTrigger$/i.test(trigger.type));
    expect(queue?.trigger).toMatchObject({ queueName: 'certificate-events', connection: 'AzureWebJobsStorage' });
    expect(code('infra/modules/perennial.bicep')).toContain("var eventQueue = 'certificate-events'");
  });

  it('has the orchestrations that queries name', () => {
    const named = [
      ...caught(queries, /orchestration [!=]= '(\w+)'/g),
      ...caught(queries, /prop__functionName\) == '(\w+)'/g),
    ];
    expect(new Set(named)).toEqual(new Set(['heartbeat']));
    expect(typed(/^orchestrationTrigger$/i)).toEqual(expect.arrayContaining(named));
  });

  it('has the routes that are mentioned', () => {
    const routes = functions.flatMap(({ trigger }) =>
      /^httpTrigger$/i.test(trigger.type) ? [String(trigger.route)] : [],
    );
    const mentioned = caught(
      [...everything, 'docs/deploy.md', 'docs/operations.md'],
      /(?<!\/rest)\/api\/([\w./{}-]*[\w}])/g,
    );
    expect(mentioned.length).toBeGreaterThan(0);
    expect(mentioned.filter((route) => !routes.includes(route))).toEqual([]);
  });

  it('keeps the events of Event Grid out of the sign-in, and nothing else', () => {
    const paths = /excludedPaths: \[([^\]]*)\]/.exec(code('infra/modules/authentication.bicep'))?.[1];
    expect(paths).toBe("'/runtime/webhooks/eventgrid'");
  });
});

describe('queries', () => {
  it('look for lines that the app writes', () => {
    const written = Object.keys(logLines);
    const asked = caught(queries, /\{\\*"message\\*":\\*"([\w ]+)\\*"/g);
    expect(asked.length).toBeGreaterThan(5);
    expect([...new Set(asked)].filter((message) => !written.includes(message))).toEqual([]);
    const compared = caught(queries, /line\.message\) [!=]= '([\w ]+)'/g);
    expect(compared.filter((message) => !written.includes(message))).toEqual([]);
  });

  it('read fields that the lines have', async () => {
    const written = [...(await sampleLines()).flatMap(fieldsOf), ...Object.keys(logFields)];
    const asked = caught(queries, /\b(?:line|row)\.(\w+)/g);
    expect(asked.length).toBeGreaterThan(30);
    expect([...new Set(asked)].filter((field) => !written.includes(field))).toEqual([]);
  });

  it('look for metrics that the app writes, every one that a tile is about', () => {
    const asked = caught(queries, /\{\\*"message\\*":\\*"metrics\\*",\\*"metric\\*":\\*"([\w.]+)/g);
    expect(asked.length).toBeGreaterThan(4);
    const written = Object.keys(metrics);
    expect(asked.filter((name) => !written.some((metric) => metric.startsWith(name)))).toEqual([]);
  });

  it('name steps that there are', () => {
    const named = caught(queries, /line\.step\) == '(\w+)'/g);
    expect(named.filter((name) => !Object.hasOwn(steps, name))).toEqual([]);
  });

  it('look into two tables, of which the app itself may read one', () => {
    const tables = caught(queries, /(?:^|\\n|"|= )(App\w+|AZKV\w+)\b/gm);
    expect(new Set(tables)).toEqual(new Set(['AppTraces', 'AZKVAuditLogs']));
    const { actions } = JSON.parse(read('infra/roles/log-reader.json')) as { actions: readonly string[] };
    // Alerts and workbook are run by Azure Monitor and by whoever looks, not by the app's identity.
    expect(actions.flatMap((action) => /query\/(\w+)\/read$/.exec(action)?.[1] ?? [])).toEqual(['AZKVAuditLogs']);
  });

  it('are each an alert, with a section in the runbook', () => {
    const rules = declaration(code('infra/modules/alerts.bicep'), 'rules');
    const names = [...rules.matchAll(/^ {4}name: '([\w-]+)'/gm)].map(([, name = '']) => name);
    const loaded = [...rules.matchAll(/queries\/([\w-]+)\.kql/g)].map(([, name = '']) => name);
    expect(loaded).toEqual(names);
    expect(
      infraFiles('.kql')
        .map((file) => file.slice('infra/queries/'.length, -4))
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(alertsOf(code('infra/modules/alerts.bicep')).map(({ name }) => name)).toEqual(names);
    expect([...runbook().keys()]).toEqual([...names, 'undelivered-events', 'certificate-expired']);
  });

  it.each([...runbook()])('%s has a runbook that says what it means, what to look at and what to do', (_, section) => {
    const parts = [...section.matchAll(/^- \*\*(.+?)\.\*\* \S[\s\S]{20,}?$/gm)].map(([, part]) => part);
    expect(parts).toEqual(['Means', 'Look at', 'Do']);
  });

  it('name the page of the runbook in the mail', () => {
    expect(code('infra/modules/alerts.bicep')).toMatch(
      /description: 'See docs\/operations\.md, alert \$\{rule\.name\}\.'/,
    );
    expect(code('infra/modules/event-subscriptions.bicep')).toContain('docs/operations.md, alert certificate-expired.');
  });

  it('have every placeholder filled in', () => {
    const alerts = code('infra/modules/alerts.bicep');
    const open = infraFiles('.kql').flatMap((file) =>
      [...read(file).matchAll(/\{(\w+)\}/g)].map(([placeholder]) => ({ file: file.split('/').at(-1), placeholder })),
    );
    expect(open.length).toBeGreaterThan(0);
    const forgotten = open.filter(
      ({ file, placeholder }) => !alerts.includes(`replace(loadTextContent('../queries/${file}'), '${placeholder}'`),
    );
    expect(forgotten).toEqual([]);
  });
});

describe('the workbook', () => {
  interface Item {
    readonly type: number;
    readonly name: string;
    readonly content: { readonly query?: string; readonly title?: string; readonly timeContextFromParameter?: string };
  }
  const { version, items } = JSON.parse(read('infra/workbook.json')) as { version: string; items: readonly Item[] };

  it('has tiles with names of their own, a title and the time that is chosen', () => {
    expect(version).toBe('Notebook/1.0');
    expect(new Set(items.map(({ name }) => name)).size).toBe(items.length);
    const tiles = items.filter(({ type }) => type === 3);
    expect(
      tiles.filter(({ content }) => !content.query || !content.title || content.timeContextFromParameter !== 'range'),
    ).toEqual([]);
  });

  it.each(['expiry', 'funnel', 'stuck', 'failures', 'targets', 'orchestrations', 'readers'])('shows %s', (name) => {
    expect(items.map((item) => item.name)).toContain(name);
  });
});
