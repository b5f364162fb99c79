import { type Chance, type Corpus, mutated } from './mutate.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A text of JSON whose tree was changed, and in a third of all cases its bytes as well. */
export function mutatedJson(chance: Chance, texts: readonly [string, ...string[]]): string {
  let tree = JSON.parse(chance.pick(texts)) as Json;
  const count = chance.below(4);
  for (let done = 0; done < count; done++) tree = changed(tree, chance);
  const text = JSON.stringify(tree);
  if (!chance.happens(33)) return text;
  const corpus: Corpus = [Buffer.from(text), ...texts.map((one) => Buffer.from(one))];
  return mutated(chance, corpus).toString(chance.happens(80) ? 'utf8' : 'latin1');
}

/** Walks down by chance and puts something strange where it stops. */
function changed(tree: Json, chance: Chance): Json {
  if (typeof tree !== 'object' || tree === null || chance.happens(15)) return odd(tree, chance);
  if (Array.isArray(tree)) return changedList(tree, chance);
  const names = Object.keys(tree);
  const name = names[chance.below(names.length)];
  if (name === undefined || chance.happens(10)) return { ...tree, [oddText(chance)]: odd(null, chance) };
  const { [name]: member = null, ...others } = tree;
  if (chance.happens(15)) return others;
  return chance.happens(10)
    ? { ...others, [oddName(name, chance)]: member }
    : { ...tree, [name]: changed(member, chance) };
}

function changedList(list: Json[], chance: Chance): Json {
  const at = chance.below(list.length);
  const item = list[at];
  if (item === undefined || chance.happens(20)) return [...list, odd(null, chance)];
  return chance.happens(20) ? [...list, item] : list.map((one, place) => (place === at ? changed(one, chance) : one));
}

/** Case and blanks, as Azure's own samples vary them; or another name altogether. */
function oddName(name: string, chance: Chance): string {
  return chance.pick([` ${name}`, name.toUpperCase(), `${name} `, oddText(chance)]);
}

/** Objects that no program wrote: members that JavaScript would call, and names that it keeps for itself. */
function odd(now: Json, chance: Chance): Json {
  const values: readonly [() => Json, ...(() => Json)[]] = [
    () => null,
    () => chance.happens(50),
    () => chance.pick([0, -1, 1.5, 1e308, -0, 2 ** 53, 4_294_967_296]),
    () => oddText(chance),
    () => oddText(chance),
    () => (typeof now === 'string' ? [now] : JSON.stringify(now)),
    () => [],
    () => ({ toString: 1, valueOf: 2, toJSON: 3 }),
    () => JSON.parse('{"__proto__": {"a": 1}, "constructor": null}') as Json,
    () => [now, now],
  ];
  return chance.pick(values)();
}

/** Texts that mean something to a URL, a path, a log, a table key or a regular expression. */
export function oddText(chance: Chance): string {
  if (chance.happens(2)) return chance.pick(['a', 'eyJ', '%2e', ' ', '-']).repeat(chance.below(70_000));
  return chance.pick([
    ...['', ' ', '\0', '\n', '..', '../..', '%2e%2e', '%2f', '?x=1', '#a', '/', '\\', '*', '{}', "'", '"', '`$(id)`'],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'xn--',
      'xn--a',
      '\u202e',
      '\ud800',
      'ﬀ',
      'İ',
      'ß',
      '😀',
    ],
    ...[
      'https://169.254.169.254/',
      'https://a@b/',
      'https://[::1]/',
      'https://contoso.vault.azure.net',
      'file:///etc/passwd',
    ],
    ...['2026-01-01T00:00:00Z', '-1', '1e9', 'true', 'null', '*.contoso.example', '-----BEGIN CERTIFICATE-----', 'eyJ'],
  ] as const);
}
