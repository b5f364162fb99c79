import type { Principal } from '../access.ts';
import type { EmulatorResponse } from '../emulator.ts';

/** A request that was authenticated, with its place in the resource hierarchy. */
export interface ArmRequest {
  readonly principal: Principal;
  /** The path as the client wrote it, decoded, without trailing slash. */
  readonly path: string;
  /** Values of the template's `{names}`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Demands one more action elsewhere, as ARM does for linked resources; the 403 when it is missing. */
  readonly demand: (action: string, scope: string) => EmulatorResponse | undefined;
}

/** One operation that ARM knows. New kinds of targets add their own rows. */
export interface ArmRoute {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Lower case but for `{names}`; compared without case, as ARM does. `{scope}` at its begin stands for any resource. */
  readonly template: string;
  /** What the principal must be allowed to do at the path's scope. */
  readonly action: string;
  run(request: ArmRequest): EmulatorResponse | Promise<EmulatorResponse>;
}

/** The parameters when `path` fits `template`. */
export function matchTemplate(template: string, path: string): Record<string, string> | undefined {
  const given = path.split('/');
  if (template.startsWith('{scope}/')) {
    const rest = template.split('/').slice(1);
    const scope = given.slice(0, -rest.length).join('/');
    const found = matchTemplate(`/${rest.join('/')}`, `/${given.slice(-rest.length).join('/')}`);
    return scope === '' ? undefined : found && { ...found, scope };
  }
  const wanted = template.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = part.match(/^\{(\w+)\}$/)?.[1];
    if (name === undefined ? part !== value.toLowerCase() : value === '') return undefined;
    if (name !== undefined) parameters[name] = value;
  }
  return parameters;
}

/** A member of untrusted JSON. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

export function textMember(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
