import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { table } from '../src/config/tables.ts';

const infra = resolve('infra');

/** A role of the app, as a file of infra/roles has it: the Bicep files define exactly this. */
export interface Role {
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
  readonly principal: string;
  readonly scope: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
  /** Why each action is there: what the app calls, what that needs, and who says so. */
  readonly operations: readonly { readonly operation: string; readonly needs: string; readonly source: string }[];
}

/** A parameter of a Bicep entry. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  /** The expression; absent when the parameter has to be given or may be left out altogether. */
  readonly default?: string;
  readonly meaning: string;
}

/** An alert on logs, as `infra/modules/alerts.bicep` defines it. */
export interface Alert {
  readonly name: string;
  readonly title: string;
  readonly severity: string;
  /** How far its query looks back: an ISO 8601 duration, or the option that says so. */
  readonly window: string;
  /** When it fires. */
  readonly fires: string;
}

/** The tables of docs/deploy.md and docs/operations.md, made of the files that are deployed. */
export const infraTables = {
  parameters: () =>
    table(
      ['Parameter', 'Type', 'Default', 'Meaning'],
      parametersOf(read('main.bicep')).map((one) => [code(one.name), code(one.type), needOf(one), one.meaning]),
    ),
  roles: () =>
    table(
      ['Role', 'Identity', 'Where', 'Actions'],
      rolesOfTheApp().map((role) => [
        role.roleName,
        role.principal,
        role.scope,
        [...role.actions, ...role.dataActions].map(code).join(', '),
      ]),
    ),
  rights: () =>
    table(
      ['Built-in role', 'Who', 'Why'],
      Object.values(JSON.parse(read('roles/built-in.json')) as Record<string, Record<string, string>>).map(
        ({ name = '', who = '', why = '' }) => [name, who, why],
      ),
    ),
  alerts: () =>
    table(
      ['Alert', 'Says', 'Severity', 'Looks back', 'Fires'],
      alertsOf(read('modules/alerts.bicep')).map(({ name, title, severity, window, fires }) => [
        `[${name}](#${name})`,
        title,
        severity,
        code(window),
        fires,
      ]),
    ),
} as const;

/** Every custom role, by the name of its file. */
export function rolesOfTheApp(): readonly Role[] {
  const files = readdirSync(join(infra, 'roles')).filter((file) => file.endsWith('.json') && file !== 'built-in.json');
  return files.sort().map((file) => JSON.parse(read(`roles/${file}`)) as Role);
}

const PARAMETER = /((?:^@.*\n)*)^param (\w+) ([^=\n]+?)(?: = (.+))?$/gm;

/** The parameters of a Bicep file, in their order. */
export function parametersOf(text: string): readonly Parameter[] {
  return [...text.matchAll(PARAMETER)].map(([, decorators = '', name = '', type = '', expression]) => ({
    name,
    type,
    ...(expression !== undefined && { default: expression }),
    meaning: /@description\('((?:[^'\\]|\\.)*)'\)/.exec(decorators)?.[1]?.replaceAll("\\'", "'") ?? '',
  }));
}

/** The alerts on logs, in their order. */
export function alertsOf(text: string): readonly Alert[] {
  const rules = /^var rules = \[$([\s\S]*?)^\]$/m.exec(text)?.[1] ?? '';
  return [...rules.matchAll(/^ {2}\{$([\s\S]*?)^ {2}\}$/gm)].map(([, rule = '']) => {
    const said = (field: string): string => new RegExp(`^ {4}${field}: (.+)$`, 'm').exec(rule)?.[1] ?? '';
    const words = (field: string): string => said(field).replaceAll("'", '');
    const window = words('window') === 'sweepWindow' ? 'sweepHours' : words('window');
    const option = /^options\.\?(\w+) \?\? (\d+)$/.exec(said('threshold'));
    const many = option === null ? said('threshold') : `${code(option[1] ?? '')} (${option[2]})`;
    const fires = said('belowOne') === 'true' ? 'when nothing is found' : `above ${many}`;
    return { name: words('name'), title: words('title'), severity: said('severity'), window, fires };
  });
}

function needOf({ type, default: usual }: Parameter): string {
  if (usual !== undefined) return code(usual);
  return type.endsWith('?') ? '' : 'has to be given';
}

function read(file: string): string {
  return readFileSync(join(infra, file), 'utf8');
}

function code(text: string): string {
  return `\`${text}\``;
}
