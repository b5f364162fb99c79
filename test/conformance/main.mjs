// `npm run conformance`: every issuer against its CA, or one of them against a server that is named.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const usage = `npm run conformance                          every issuer against its emulator and the servers that are installed
npm run conformance -- --issuer KIND --url URL --ca FILE --credentials FILE --domain NAME [--days N] [--dns-port N]

  --issuer       kind of the issuer, as in the estate file: acme, est, step-ca, …
  --url          its server; the setting of the estate file that holds it is told by the kind
  --ca           PEM file of the roots that its certificates end at, and of what vouches for the server
  --credentials  YAML file: settings (as in the estate file), secrets and keys (id: value, or id: { file: PATH });
                 docs/issuers/README.md has examples
  --domain       a DNS name below which it issues
  --days         the life that is asked for; 90 by default
  --dns-port     acme: the UDP port at which the proofs of names are answered; any free one by default`;

const options = Object.fromEntries(
  ['issuer', 'url', 'ca', 'credentials', 'domain', 'days', 'dns-port'].map((name) => [name, { type: 'string' }]),
);

function given() {
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', default: false } } });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const { help, ...asked } = values;
  if (Object.keys(asked).length === 0) return undefined;
  for (const name of ['issuer', 'url', 'ca', 'domain']) {
    if (asked[name] === undefined) throw new TypeError(`--${name} is missing`);
  }
  for (const name of ['ca', 'credentials']) {
    if (asked[name] !== undefined && !existsSync(asked[name])) {
      throw new TypeError(`--${name} is "${asked[name]}", and there is no such file`);
    }
  }
  if (!/^https:\/\//.test(asked.url))
    throw new TypeError(`--url is "${asked.url}"; write one that begins with https://`);
  return asked;
}

let asked;
try {
  asked = given();
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
const env = { ...process.env, ...(asked !== undefined && { PERENNIAL_TEST_CONFORMANCE: JSON.stringify(asked) }) };
const vitest = 'node_modules/vitest/vitest.mjs';
const child = spawn(process.execPath, [vitest, 'run', '--config', 'test/conformance/vitest.config.ts'], {
  env,
  stdio: 'inherit',
});
child.on('close', (code) => process.exit(code ?? 1));
