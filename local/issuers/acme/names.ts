import { isObject } from './json.ts';
import { AcmeProblem, compound, type Identifier, malformed, type ProblemDocument, problem } from './problem.ts';

const MOST_NAMES = 100;
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/** The identifiers of a new order: lower case, each once; every one that is refused is told (RFC 8555 6.7.1). */
export function readIdentifiers(value: unknown, blockedNames: readonly string[]): readonly Identifier[] {
  if (!Array.isArray(value) || value.length === 0) throw malformed('Order did not specify any identifiers');
  const names = [...new Set(value.map(readName))];
  if (names.length > MOST_NAMES) {
    throw malformed(`Order cannot contain more than ${MOST_NAMES} identifiers`);
  }
  const identifiers = names.map((name): Identifier => ({ type: 'dns', value: name }));
  throwAll('malformed', identifiers, ({ value: name }) => mistakeOf(name));
  throwAll('rejectedIdentifier', identifiers, ({ value: name }) =>
    blockedNames.some((blocked) => `.${hostOf(name)}`.endsWith(`.${blocked}`))
      ? `Order included an identifier for which issuance is forbidden by policy: "${name}"`
      : undefined,
  );
  return identifiers;
}

export const hostOf = (name: string): string => name.replace(/^\*\./, '');

/** The same names in any order. */
export const namesKey = (identifiers: readonly Identifier[]): string =>
  identifiers
    .map(({ value }) => value)
    .sort()
    .join(',');

function readName(identifier: unknown): string {
  if (!isObject(identifier)) throw malformed('An identifier is not a JSON object');
  const { type, value } = identifier;
  if (type !== 'dns') {
    throw new AcmeProblem('unsupportedIdentifier', `Order includes unknown identifier type ${String(type)}`);
  }
  if (typeof value !== 'string' || value === '') throw malformed('Order included DNS identifier with empty value');
  return value.toLowerCase();
}

function throwAll(
  type: 'malformed' | 'rejectedIdentifier',
  identifiers: readonly Identifier[],
  judge: (identifier: Identifier) => string | undefined,
): void {
  const found = identifiers.flatMap((identifier): ProblemDocument[] => {
    const detail = judge(identifier);
    return detail === undefined ? [] : [problem(type, detail, identifier)];
  });
  if (found.length > 0) throw compound(type, found);
}

/** The first two texts are pebble's own. */
function mistakeOf(name: string): string | undefined {
  const strange = /[^a-z0-9.*-]/.exec(name)?.[0];
  if (strange !== undefined) {
    return `Order included DNS identifier with a value containing an illegal character: '${strange}'`;
  }
  const host = hostOf(name);
  if (host.includes('*')) {
    return `Order included DNS type identifier with illegal wildcard value: wildcard isn't leftmost prefix "${name}"`;
  }
  const labels = host.split('.');
  if (host.length > LONGEST_NAME || labels.some((label) => label.length > LONGEST_LABEL)) {
    return `Domain name is too long: "${name}"`;
  }
  if (labels.some((label) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))) {
    return `Domain name has a label that is not valid: "${name}"`;
  }
  if (labels.length < 2) return `Domain name needs at least one dot: "${name}"`;
  if (/^\d+$/.test(labels.at(-1) ?? '')) return `Domain name is an IP address: "${name}"`;
  return undefined;
}
