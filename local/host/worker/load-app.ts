import { createRequire } from 'node:module';
import { extname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostError, messageOf } from '../host-error.ts';
import { readJson } from '../json-file.ts';
import { filesMatching } from './glob.ts';

/** Loads what Azure's worker would: every file that package.json's `main` matches. Answers with the files. */
export async function loadEntryPoints(appDirectory: string): Promise<string[]> {
  const { main, type } = await readPackage(appDirectory);
  const files = await filesMatching(appDirectory, main);
  if (files.length === 0) {
    throw new HostError(`package.json's main "${main}" matches no file in ${appDirectory}. Is the app built?`);
  }
  const require = createRequire(join(appDirectory, 'package.json'));
  forget(require, appDirectory);
  for (const file of files) await loadFile(file, { require, type, appDirectory });
  return files;
}

async function readPackage(appDirectory: string): Promise<{ main: string; type: string }> {
  const file = join(appDirectory, 'package.json');
  const { main, type } = ((await readJson(file)) ?? {}) as { main?: unknown; type?: unknown };
  if (typeof main !== 'string' || main === '') {
    throw new HostError(
      `${file} with a "main" is missing: it must name the app's entry point, e.g. "dist/functions.cjs".`,
    );
  }
  return { main, type: type === 'module' ? 'module' : 'commonjs' };
}

/** An app that is loaded again in the same process must register again. Modules of node_modules stay. */
function forget(require: NodeJS.Require, appDirectory: string): void {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(appDirectory + sep) && !file.includes(`${sep}node_modules${sep}`)) delete require.cache[file];
  }
}

interface Loading {
  readonly require: NodeJS.Require;
  readonly type: string;
  readonly appDirectory: string;
}

async function loadFile(file: string, { require, type, appDirectory }: Loading): Promise<void> {
  const extension = extname(file);
  const isModule = extension === '.mjs' || (extension !== '.cjs' && type === 'module');
  try {
    if (isModule) await import(pathToFileURL(file).href);
    else require(file);
  } catch (error) {
    throw new HostError(`Entry point ${relative(appDirectory, file)} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
