import { HostError } from '../host-error.ts';

/** A route template, ready to be matched. */
export interface Route {
  readonly template: string;
  /** Smaller comes first: literal before constrained parameter before parameter before catch-all, segment by segment. */
  readonly rank: string;
  /** The parameters when the path fits. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

interface Parameter {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly fallback: string | undefined;
  readonly constraints: readonly ((value: string) => boolean)[];
}

type Part = string | Parameter;

/** Reads an ASP.NET route template such as `renewals/{id:length(26)?}` or `files/{*rest}`. */
export function parseRoute(template: string): Route {
  const segments = splitSegments(template.replace(/^\/+|\/+$/g, '')).map((segment) => partsOf(segment, template));
  const expression = new RegExp(`^${segments.map(segmentSource).join('')}/?$`, 'is');
  const parameters = segments.flat().filter((part): part is Parameter => typeof part !== 'string');
  return {
    template,
    rank: segments.map(segmentRank).join(''),
    match: (path) => {
      const found = expression.exec(`/${path.replace(/^\/+|\/+$/g, '')}`);
      return found === null ? undefined : values(parameters, found.slice(1));
    },
  };
}

function values(parameters: readonly Parameter[], found: readonly (string | undefined)[]) {
  const result: Record<string, string> = {};
  for (const [index, parameter] of parameters.entries()) {
    const value = found[index] || parameter.fallback;
    if (value === undefined) continue;
    if (!parameter.constraints.every((fits) => fits(value))) return undefined;
    result[parameter.name] = value;
  }
  return result;
}

/** Slashes inside braces belong to a constraint. */
function splitSegments(template: string): string[] {
  if (template === '') return [];
  const segments = [''];
  let depth = 0;
  for (const character of template) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === '/' && depth === 0) segments.push('');
    else segments[segments.length - 1] += character;
  }
  return segments;
}

function partsOf(segment: string, template: string): Part[] {
  const parts: Part[] = [];
  let rest = segment;
  while (rest !== '') {
    const end = rest.startsWith('{') ? closingBrace(rest, template) : rest.indexOf('{');
    const cut = end === -1 ? rest.length : end;
    const text = rest.slice(0, cut);
    parts.push(text.startsWith('{') ? parameterOf(text.slice(1, -1), template) : text);
    rest = rest.slice(cut);
  }
  return parts;
}

function closingBrace(text: string, template: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    if (text[index] === '}') depth -= 1;
    if (depth === 0) return index + 1;
  }
  throw new HostError(`Route "${template}": a brace is not closed.`);
}

function parameterOf(text: string, template: string): Parameter {
  const found = /^(\*{0,2})([A-Za-z_][A-Za-z0-9_-]*)((?::.*?)?)(?:=([^()]*))?(\?)?$/s.exec(text);
  if (found === null) throw new HostError(`Route "${template}": "{${text}}" is no parameter.`);
  const [, stars = '', name = '', constraints = '', fallback, optional] = found;
  return {
    name,
    catchAll: stars !== '',
    optional: optional === '?' || fallback !== undefined || stars !== '',
    fallback,
    constraints: splitConstraints(constraints).map((constraint) => constraintOf(constraint, template)),
  };
}

/** Colons inside parentheses belong to a regular expression. */
function splitConstraints(text: string): string[] {
  return text.match(/:[a-z]+(?:\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))?/gi)?.map((found) => found.slice(1)) ?? [];
}

type Check = (value: string, first: string, second: string | undefined) => boolean;

const CHECKS: Readonly<Partial<Record<string, Check>>> = {
  int: (value) => /^-?\d{1,10}$/.test(value),
  long: (value) => /^-?\d{1,19}$/.test(value),
  guid: (value) => /^\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i.test(value),
  bool: (value) => /^(true|false)$/i.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  decimal: (value) => Number.isFinite(Number(value)),
  double: (value) => Number.isFinite(Number(value)),
  float: (value) => Number.isFinite(Number(value)),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  minlength: (value, first) => value.length >= Number(first),
  maxlength: (value, first) => value.length <= Number(first),
  length: (value, first, second) => value.length >= Number(first) && value.length <= Number(second ?? first),
  min: (value, first) => Number(value) >= Number(first),
  max: (value, first) => Number(value) <= Number(first),
  range: (value, first, second) => Number(value) >= Number(first) && Number(value) <= Number(second),
  required: (value) => value !== '',
};

function constraintOf(text: string, template: string): (value: string) => boolean {
  const [, name = '', argument = ''] = /^([a-z]+)(?:\((.*)\))?$/is.exec(text) ?? [];
  if (name.toLowerCase() === 'regex') return regexConstraint(argument, template);
  const check = CHECKS[name.toLowerCase()];
  if (check === undefined) throw new HostError(`Route "${template}": there is no constraint "${name}".`);
  const [first = '', second] = argument.split(',').map((part) => part.trim());
  return (value) => check(value, first, second);
}

function regexConstraint(source: string, template: string): (value: string) => boolean {
  try {
    // Braces of a quantifier are doubled in a template.
    const expression = new RegExp(source.replaceAll('{{', '{').replaceAll('}}', '}'), 'i');
    return (value) => expression.test(value);
  } catch (error) {
    throw new HostError(`Route "${template}": "${source}" is no regular expression.`, { cause: error });
  }
}

function segmentSource(parts: readonly Part[]): string {
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') {
    const value = only.catchAll ? '(?:/(.*))' : '(?:/([^/]+))';
    return only.optional ? `${value}?` : value;
  }
  const sources = parts.map((part) =>
    typeof part === 'string' ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : part.optional ? '([^/]*?)' : '([^/]+?)',
  );
  return `/${sources.join('')}`;
}

function segmentRank(parts: readonly Part[]): string {
  const [only] = parts;
  if (typeof only === 'string' && parts.length === 1) return '1';
  if (typeof only !== 'object' || parts.length > 1) return '2';
  const constrained = only.constraints.length > 0;
  if (only.catchAll) return constrained ? '4' : '5';
  return constrained ? '2' : '3';
}
