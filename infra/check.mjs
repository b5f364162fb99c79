// `npm run check:infra`: compiles and lints every Bicep file with the Bicep CLI, its own or the one inside the Azure CLI; where
// there is neither, with the checker that BICEP_CHECK names (a program for Node and its options); else says that it did not run.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
const templates = files.filter((file) => file.endsWith('.bicep'));
const parameters = files.filter((file) => file.endsWith('.bicepparam'));

/** What azd would have set, for the parameter file that reads it. */
const azd = { AZURE_LOCATION: 'westeurope', ESTATE_VAULTS: '[{"name":"contoso-web"}]' };

process.exitCode = check();

function check() {
  const compiler = compilerOf();
  if (compiler !== undefined) return compile(compiler);
  const [program, ...options] = (process.env.BICEP_CHECK ?? '').split(/\s+/).filter(Boolean);
  if (program !== undefined) return run(process.execPath, [program, ...options, folder]) ? 0 : 1;
  console.log('NOT RUN: the Bicep check; install the Bicep CLI (az bicep install), or name a checker in BICEP_CHECK.');
  return 0;
}

/** How the compiler is called here: alone, or through the Azure CLI, whose parameters for files are named. */
function compilerOf() {
  if (works('bicep', ['--version'])) {
    return { command: 'bicep', verb: (name, file) => [name, file, ...(name === 'lint' ? [] : ['--stdout'])] };
  }
  if (works('az', ['bicep', 'version'])) {
    const quiet = (name) => (name === 'lint' ? [] : ['--stdout']);
    return { command: 'az', verb: (name, file) => ['bicep', name, '--file', file, ...quiet(name)] };
  }
  return undefined;
}

function compile({ command, verb }) {
  const built = templates.map((file) => run(command, verb('build', file)) && run(command, verb('lint', file)));
  const filled = parameters.map((file) => run(command, verb('build-params', file)));
  const wrong = [...built, ...filled].filter((ok) => !ok).length;
  console.log(`${templates.length} templates, ${parameters.length} parameter files, ${wrong} with errors`);
  return wrong === 0 ? 0 : 1;
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Standard output is the compiled template, which nobody wants to read; diagnostics come on the other one. */
function run(command, args) {
  const output = command === process.execPath ? 'inherit' : 'ignore';
  return (
    spawnSync(command, args, { stdio: ['ignore', output, 'inherit'], env: { ...azd, ...process.env } }).status === 0
  );
}
