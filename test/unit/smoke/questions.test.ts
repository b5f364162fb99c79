import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alertsOf, rolesOfTheApp } from '../../../docs/infra-tables.ts';
import { apiVersions } from '../../../smoke/arm.ts';
import { eventMetrics, logAlerts } from '../../../smoke/checks/alerts.ts';
import { eventTypes } from '../../../smoke/checks/events.ts';
import { deployedRoles } from '../../../smoke/checks/roles.ts';
import { questionRules } from '../../../smoke/questions.ts';
import { rules } from '../../../smoke/rules.ts';

const page = readFileSync('local/DIVERGENCES.md', 'utf8');
const section = page.slice(page.indexOf('## Open questions'), page.indexOf('\n## Key Vault'));
/** Number and text of each, in one line, without the marks of Markdown. */
const asked = [...section.matchAll(/^(\d+)\. ([\s\S]*?)(?=^\d+\. |$(?![\s\S]))/gm)].map(
  ([, number = '', text = '']) => [`question.${number}`, text.replaceAll(/\s+/g, ' ').replaceAll('**', '')] as const,
);

describe('the open questions of local/DIVERGENCES.md', () => {
  it('are those that a run answers, by their numbers', () => {
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.map(([id]) => id)).toEqual(Object.keys(questionRules));
  });

  it.each(asked)('%s is asked in the same words', (id, text) => {
    const rule = Object.entries(questionRules).find(([known]) => known === id)?.[1];
    expect(text.startsWith(rule?.title ?? 'no such rule'), `${text}\n${rule?.title}`).toBe(true);
  });

  it('say each how a person finds out', () => {
    for (const [id, { how }] of Object.entries(rules)) expect(how.length, id).toBeGreaterThan(10);
  });
});

describe('what a run looks for', () => {
  it('are the alerts that are deployed', () => {
    const bicep = readFileSync('infra/modules/alerts.bicep', 'utf8');
    expect([...logAlerts]).toEqual(alertsOf(bicep).map(({ name }) => name));
    const wiring = readFileSync('infra/modules/vault-wiring.bicep', 'utf8');
    expect(wiring).toContain(`[for metric in [${eventMetrics.map((metric) => `'${metric}'`).join(', ')}]`);
  });

  it('are the events that are subscribed to', () => {
    const bicep = readFileSync('infra/modules/event-subscriptions.bicep', 'utf8');
    const list = /var certificateEvents = \[([^\]]*)\]/.exec(bicep)?.[1] ?? '';
    expect(list.match(/[\w.]+/g)).toEqual([...eventTypes]);
  });

  it('has the API versions of the app, or else of the deployment', () => {
    const app = readFileSync('src/azure/arm-id.ts', 'utf8');
    const texts = ['.', 'modules'].flatMap((folder) =>
      readdirSync(join('infra', folder))
        .filter((file) => file.endsWith('.bicep'))
        .map((file) => readFileSync(join('infra', folder, file), 'utf8')),
    );
    const used = [...texts.join('\n').matchAll(/'(Microsoft\.\w+\/\w+)@([\w-]+)'/g)].map(([, type = '', version]) => [
      type.toLowerCase(),
      version,
    ]);
    for (const [type, version] of Object.entries(apiVersions)) {
      const deployed = used.filter(([name]) => name === type).map(([, one]) => one);
      if (app.includes(`'${type}':`)) expect(app).toContain(`'${type}': '${version}'`);
      // What is only read has no resource in the Bicep files.
      else if (deployed.length > 0) expect(new Set(deployed), type).toEqual(new Set([version]));
    }
  });

  it('are the roles that are deployed', () => {
    const names = (roles: readonly { readonly name: string }[]) => roles.map(({ name }) => name).sort();
    expect(names(deployedRoles)).toEqual(names(rolesOfTheApp()));
  });
});
