import rights from '../smoke/rights.json' with { type: 'json' };
import { type Rule, rules } from '../smoke/rules.ts';
import { type SmokeSetting, smokeSettings } from '../smoke/settings.ts';
import { table } from '../src/config/tables.ts';

/** The tables of docs/smoke.md, made of what `npm run smoke` itself reads. */
export const smokeTables = {
  smokesettings: () =>
    table(
      ['Option', 'Name', 'Needed', 'Meaning', 'Example'],
      Object.values<SmokeSetting>(smokeSettings).map(({ flag, name, required, secret, meaning, example }) => [
        flag === undefined ? '' : code(`--${flag}`),
        code(name),
        `${required ? 'yes' : 'no'}${secret === true ? '; secret' : ''}`,
        meaning,
        code(example),
      ]),
    ),
  smokerights: () =>
    table(
      ['Where', 'Role', 'What for', 'Actions'],
      rights.map(({ where, role, why, actions, dataActions }) => [
        where,
        role,
        why,
        [...actions, ...dataActions].map(code).join(', '),
      ]),
    ),
  smokechecks: () =>
    table(
      ['Check', 'What', 'Passes as', 'On the stand', 'When it differs, or cannot be looked at'],
      Object.entries<Rule>(rules).map(([id, rule]) => [code(id), rule.title, rule.expect, onStand(rule), rule.how]),
    ),
} as const;

function onStand({ standLacks, person }: Rule): string {
  if (person === true) return 'a person';
  return standLacks === undefined ? 'looked at' : `not: ${standLacks}`;
}

function code(text: string): string {
  return text.startsWith('(') ? text : `\`${text.replaceAll('`', '')}\``;
}
