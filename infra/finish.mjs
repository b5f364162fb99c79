// The second half of a deployment: package, code, events. After `azd provision` it finds the outputs of the first half in the
// environment (azd calls it as a hook); after `az deployment` it is told the name of the deployment:
//
//   node infra/finish.mjs --deployment perennial [--group NAME]     a group when group.bicep was deployed
//
// It calls npm and the Azure CLI, shows every command, and stops at the first that fails. Running it again is harmless.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const names = ['AZURE_SUBSCRIPTION', 'AZURE_RESOURCE_GROUP', 'APP_NAME', 'DURABLE_BACKEND', 'EVENT_WIRING'];
const zip = join('dist', 'perennial.zip');
/** The function that the event subscriptions name. */
const eventFunction = 'certificateEvent';

const { values: options } = parseArgs({
  options: {
    deployment: { type: 'string' },
    group: { type: 'string' },
    package: { type: 'string', default: '' },
    tries: { type: 'string', default: '30' },
    'pause-seconds': { type: 'string', default: '10' },
  },
});

const outputs = outputsOf(options.deployment === undefined ? process.env : deployed(options));
const missing = names.filter((name) => !outputs[name]);
if (missing.length > 0) {
  stop(`missing: ${missing.join(', ')}; deploy infra/main.bicep or infra/group.bicep first, then name that deployment`);
}
finish(outputs);

function finish({ AZURE_SUBSCRIPTION, AZURE_RESOURCE_GROUP, APP_NAME, DURABLE_BACKEND, EVENT_WIRING }) {
  const where = ['--subscription', AZURE_SUBSCRIPTION, '--resource-group', AZURE_RESOURCE_GROUP];
  if (options.package === '') run('npm', ['run', 'package', '--', '--durable-backend', DURABLE_BACKEND]);
  const code = ['--name', APP_NAME, '--src', options.package || zip];
  run('az', ['functionapp', 'deployment', 'source', 'config-zip', ...where, ...code]);
  awaitFunction(['functionapp', 'function', 'show', ...where, '--name', APP_NAME, '--function-name', eventFunction]);
  const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  try {
    const file = join(folder, 'wiring.json');
    writeFileSync(file, EVENT_WIRING);
    const template = ['--name', 'perennial-events', '--template-file', join('infra', 'events.bicep')];
    run('az', ['deployment', 'group', 'create', ...where, ...template, '--parameters', `wiring=@${file}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The app loads its package after the upload has ended: Event Grid refuses a function that is not there yet. */
function awaitFunction(args) {
  for (let left = Number(options.tries); left > 0; left--) {
    if (call('az', [...args, '--output', 'none'], 'ignore').status === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(options['pause-seconds']) * 1000);
  }
  stop(`the app does not show the function ${eventFunction}; look at its log stream, then run this again`);
}

function deployed({ deployment, group }) {
  const scope = group === undefined ? ['sub'] : ['group'];
  const where = group === undefined ? [] : ['--resource-group', group];
  const shown = call(
    'az',
    ['deployment', ...scope, 'show', ...where, '--name', deployment, '--output', 'json'],
    'pipe',
  );
  if (shown.status !== 0) stop(`there is no deployment ${deployment}: ${shown.stderr}`);
  const found = JSON.parse(shown.stdout).properties?.outputs ?? {};
  return Object.fromEntries(Object.entries(found).map(([name, { value }]) => [name, value]));
}

/** Resource Manager changes the case of some letters of an output's name. Objects become the text that a file can hold. */
function outputsOf(found) {
  const text = (value) => (typeof value === 'object' ? JSON.stringify(value) : value);
  const upper = Object.entries(found).map(([name, value]) => [name.toUpperCase(), text(value)]);
  return Object.fromEntries(upper.filter(([name]) => names.includes(name)));
}

function run(command, args) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  if (call(command, args, 'inherit').status !== 0) stop(`${command} failed`);
}

/** On Windows npm and az are scripts, which only a shell starts. */
function call(command, args, output) {
  const shell = process.platform === 'win32';
  return spawnSync(command, args, { stdio: ['ignore', output, output], encoding: 'utf8', shell });
}

function stop(why) {
  console.error(`finish: ${why}`);
  process.exit(1);
}
