import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** Paths of the files of `infra` that end so, from the folder of the project. */
export function infraFiles(ending: string): readonly string[] {
  const files = readdirSync(join(root, 'infra'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith(ending)).map((file) => join('infra', file));
}

export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** A Bicep file without its comments: what it says, and not what is said about it. */
export function code(file: string): string {
  return read(file).replace(/^\s*\/\/.*$/gm, '');
}

/** The Bicep files that a file deploys or imports, and those that they do. */
export function reached(file: string): readonly string[] {
  const direct = [...code(file).matchAll(/(?:^module \w+|from) '([^']+\.bicep)'/gm)].map(([, path = '']) =>
    relative('.', normalize(join(dirname(file), path))),
  );
  return [...new Set([file, ...direct.flatMap(reached)])];
}

/** The text of one declaration: from its first line to the brace that closes it at the beginning of a line. */
export function declaration(text: string, name: string): string {
  const found = new RegExp(`^(?:var|module|resource|param|output|type) ${name}\\b[\\s\\S]*?^[\\]}]+`, 'm').exec(text);
  if (found === null) throw new TypeError(`no declaration of ${name}`);
  return found[0];
}
