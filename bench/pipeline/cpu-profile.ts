import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Detail } from '../figure.ts';

/** What `node --cpu-prof` writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes that were seen running, and microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

const MODULES_SHOWN = 18;
const FUNCTIONS_SHOWN = 14;

/** Self time by module and by function, in milliseconds a renewal. A bundle is taken apart into what it was made of. */
export function profileDetails(process: string, file: string, count: number): readonly Detail[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const modules = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const milliseconds = (profile.timeDeltas[at] ?? 0) / 1000;
    if (node === undefined || node.callFrame.functionName === '(idle)') continue;
    const module = moduleOf(node);
    add(modules, module, milliseconds);
    add(functions, `${node.callFrame.functionName || '(anonymous)'}  ${module}`, milliseconds);
  }
  const of = (title: string, found: ReadonlyMap<string, number>, shown: number): Detail => ({
    title: `${process}: ${title}`,
    columns: ['where', 'ms/renewal'],
    rows: [...found]
      .sort(([, one], [, other]) => other - one)
      .slice(0, shown)
      .map(([where, milliseconds]) => [where, milliseconds / count]),
  });
  return [of('by module', modules, MODULES_SHOWN), of('by function', functions, FUNCTIONS_SHOWN)];
}

function add(to: Map<string, number>, key: string, milliseconds: number): void {
  to.set(key, (to.get(key) ?? 0) + milliseconds);
}

function moduleOf({ callFrame: { url, lineNumber, functionName } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'node native';
  if (url.startsWith('node:')) return url;
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  return packageOf(partOf(path, lineNumber));
}

/** A package by its name, a file of our own by its path. */
function packageOf(path: string): string {
  const inside = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return inside ?? path.replace(/^.*\/(?=(?:src|local|functions|bench|dist)\/)/, '');
}

const bundles = new Map<string, readonly { readonly line: number; readonly part: string }[]>();

/** Our bundler says in a comment of its own line which file follows; a package's bundle is the package. */
function partOf(path: string, line: number): string {
  if (path.includes('node_modules')) return path;
  const parts = bundles.get(path) ?? regionsOf(path);
  bundles.set(path, parts);
  return parts.findLast((part) => part.line <= line)?.part ?? path;
}

function regionsOf(path: string): readonly { readonly line: number; readonly part: string }[] {
  if (!/\.[cm]js$/.test(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((text, line) => {
    const part = /^(?:\/\/#region|\/\/) (\S+\.[cm]?[jt]s)$/.exec(text)?.[1];
    return part === undefined ? [] : [{ line, part }];
  });
}
