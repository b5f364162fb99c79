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

/** The tables of docs/deploy.md, made of the files that are deployed. */
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
