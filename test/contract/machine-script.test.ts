import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { knownScripts } from '../../local/arm/compute/guest.ts';
import { readBundle } from '../../local/arm/pfx.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { linuxScript } from '../../src/targets/scripts/linux.ts';
import { HOST, type MadeSecret, makeSecret, privateCa } from '../unit/local/arm/bench.ts';

/** A server as people write them: it reads its file when it begins, and on SIGHUP when it is told to. */
const SERVER = `
const { readFileSync } = require('node:fs');
const { createServer } = require('node:tls');
const read = () => ({ cert: readFileSync(process.argv[1]), key: readFileSync(process.argv[1]) });
const server = createServer(read(), (socket) => socket.end());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGHUP', () => server.setSecureContext(read()));
`;

/** A stand-in for systemd: it knows one unit, and the Key Vault extension, which is a script of the test. */
const systemctl = (home: string) => `#!/bin/bash
echo "$*" >> ${home}/calls
case $1 in
  show)
    case $2 in --property=MainPID) cat ${home}/pid 2>/dev/null || echo 0 ;; esac ;;
  restart | reload)
    [ "$3" = akvvm_service ] && exec ${home}/extension
    [ "$3" = shop.service ] && exec ${home}/$1 ;;
  *) exit 1 ;;
esac
`;

let old: MadeSecret;
let renewed: MadeSecret;
beforeAll(async () => {
  const ca = await privateCa();
  old = await makeSecret(ca);
  renewed = await makeSecret(ca);
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const sha256 = (made: MadeSecret): string => made.chain.map(sha256Hex)[0] ?? '';

/** Full chain, then the key, as the extension writes it. */
function pemOf({ secret, chain }: MadeSecret): string {
  const bundle = secret.state === 'ok' ? readBundle(secret.value) : undefined;
  const key = bundle?.key.export({ format: 'pem', type: 'pkcs8' }) ?? '';
  return `${chain.map((der) => derToPem(der)).join('')}${key}`;
}

/** A machine in a folder: the extension's store with the old version, its link, and a real server that reads it. */
async function machine() {
  const home = await mkdtemp(join(tmpdir(), 'machine-'));
  ends.push(() => rm(home, { recursive: true, force: true }));
  const bin = join(home, 'bin');
  const store = join(home, 'store');
  await Promise.all([mkdir(bin), mkdir(store)]);
  const file = (made: MadeSecret): string => join(store, `kv-one.shop.${sha256(made).slice(0, 32)}`);
  const link = join(store, 'kv-one.shop');
  await writeFile(file(old), pemOf(old));
  await symlink(file(old), link);
  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(home, name), text);
    await chmod(join(home, name), 0o755);
  };
  await program('bin/systemctl', systemctl(home));
  await writeFile(join(home, 'renewed.pem'), pemOf(renewed));
  await program(
    'extension',
    `#!/bin/bash\ncp ${home}/renewed.pem ${file(renewed)}\nln -sfn ${file(renewed)} ${link}\n`,
  );
  const service = await serviceOf(home, link);
  await program(
    'restart',
    `#!/bin/bash\nkill "$(cat ${home}/pid)"\nrm ${home}/pid\nwhile [ ! -s ${home}/pid ]; do :; done\n`,
  );
  await program('reload', `#!/bin/bash\nkill -HUP "$(cat ${home}/pid)"\n`);
  return { home, link, file, program, ...service, run: runIn(home) };
}

/** Keeps a server running: whenever one ends, the next one begins. */
async function serviceOf(home: string, link: string) {
  let isOver = false;
  let port = 0;
  const begin = async (): Promise<void> => {
    const child = spawn(process.execPath, ['-e', SERVER, link], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    port = Number(said.toString());
    child.once('exit', () => (isOver ? undefined : void begin()));
    await writeFile(join(home, 'pid'), String(child.pid));
  };
  await begin();
  ends.push(async () => {
    isOver = true;
    process.kill(Number(await readFile(join(home, 'pid'), 'utf8')));
  });
  const served = async (): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { raw } = socket.getPeerCertificate();
    socket.destroy();
    return sha256Hex(raw);
  };
  return { served };
}

/** Runs the script as the agent does: as a file, its parameters being environment variables. */
function runIn(home: string) {
  return async (given: Readonly<Record<string, string>>) => {
    const script = join(home, 'script.sh');
    await writeFile(script, linuxScript, { mode: 0o700 });
    const parameters = {
      MODE: 'deploy',
      RENEWAL: 'renewal-1',
      ASKED: '7',
      WANT: sha256(renewed),
      PATH: join(home, 'store', 'kv-one.shop'),
      SERVICE: 'shop.service',
      APPLY: 'restart',
      WAIT: '3',
      ...given,
    };
    const env = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`PERENNIAL_${name}`, value]));
    const path = `${join(home, 'bin')}:${process.env.PATH}`;
    return new Promise<{ code: number; report: Readonly<Record<string, unknown>>; output: string }>((resolve) => {
      execFile('/bin/bash', [script], { env: { ...env, PATH: path }, cwd: home }, (error, stdout) => {
        const line = stdout.trim().split('\n').at(-1) ?? '';
        resolve({ code: Number(error?.code ?? 0), report: line === '' ? {} : JSON.parse(line), output: stdout });
      });
    });
  };
}

describe('the script of Linux machines', () => {
  it('makes the extension fetch, restarts the service, and reports what is there', async () => {
    const { run, served, link, file } = await machine();
    expect(await served()).toBe(sha256(old));
    const { code, report, output } = await run({});
    expect(report).toMatchObject({
      ...{ perennial: 1, renewal: 'renewal-1', asked: '7', mode: 'deploy', error: '', reloaded: true },
      ...{ want: sha256(renewed), before: sha256(old), after: sha256(renewed), chain: renewed.chain.map(sha256Hex) },
    });
    expect(code).toBe(0);
    expect(Number(report.runningSince)).toBeGreaterThanOrEqual(Number(report.changedAt) - 2);
    expect(Math.abs(Number(report.runningSince) - Date.now() / 1000)).toBeLessThan(60);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(Buffer.byteLength(output)).toBeLessThan(2048);
    expect(await readlink(link)).toBe(file(renewed));
    await expect.poll(served).toBe(sha256(renewed));
  });

  it('reports in less than the 4 KB that Azure keeps, however long the chain', async () => {
    const { run, home } = await machine();
    const [leaf = ''] = pemOf(renewed).split(/(?=-----BEGIN PRIVATE KEY)/);
    await writeFile(join(home, 'renewed.pem'), `${leaf.repeat(20)}${pemOf(renewed)}`);
    const { code, report, output } = await run({ RENEWAL: 'r'.repeat(100) });
    expect(code).toBe(0);
    expect(report.after).toBe(sha256(renewed));
    expect(report.chain).toHaveLength(10);
    expect(Buffer.byteLength(output)).toBeLessThan(4096);
  });

  it('tells serial number and end as a probe does', async () => {
    const { run } = await machine();
    const { report } = await run({});
    const { secret } = renewed;
    const leaf = secret.state === 'ok' ? readBundle(secret.value)?.leaf : undefined;
    expect(report.serial).toBe(leaf?.serialNumber.toLowerCase());
    expect(report.notAfter).toBe(leaf && new Date(leaf.validTo).toISOString());
  });

  it('has nothing left to do when it is run again', async () => {
    const { run, home } = await machine();
    await run({});
    const began = await readFile(join(home, 'pid'), 'utf8');
    // Times have whole seconds: what began right after the file came may have begun before it, and begins once more.
    await once(spawn('/bin/touch', ['-h', '-d', '1 minute ago', join(home, 'store', 'kv-one.shop')]), 'exit');
    const files = await readlink(join(home, 'store', 'kv-one.shop'));
    await once(spawn('/bin/touch', ['-d', '1 minute ago', files]), 'exit');
    await rm(join(home, 'calls'));
    const { report } = await run({ ASKED: '8' });
    expect(report).toMatchObject({ asked: '8', before: sha256(renewed), after: sha256(renewed), reloaded: false });
    expect(await readFile(join(home, 'calls'), 'utf8')).not.toMatch(/^(restart|reload)/m);
    expect(await readFile(join(home, 'pid'), 'utf8')).toBe(began);
  });

  it('says that the extension brought nothing, and leaves the service alone', async () => {
    const { run, served, program, home } = await machine();
    await program('extension', '#!/bin/bash\ntrue\n');
    const { code, report } = await run({ WAIT: '1' });
    expect(report).toMatchObject({ error: 'not-replaced', after: sha256(old), reloaded: false });
    expect(code).toBe(1);
    expect(await served()).toBe(sha256(old));
    expect(await readFile(join(home, 'calls'), 'utf8')).not.toContain('restart -- shop.service');
  });

  it('says that there is no extension', async () => {
    const { run, program } = await machine();
    await program('extension', '#!/bin/bash\nexit 5\n');
    expect((await run({ WAIT: '1' })).report).toMatchObject({ error: 'extension-not-restarted' });
  });

  it('does not believe a reload after which no process began', async () => {
    const { run, program } = await machine();
    await program('reload', '#!/bin/bash\ntrue\n');
    const { report } = await run({ APPLY: 'reload' });
    expect(report).toMatchObject({ error: 'not-reloaded', after: sha256(renewed), reloaded: true });
  }, 30_000);

  it('says that the service refused, and that it does not run', async () => {
    const { run, program, home } = await machine();
    await program('restart', '#!/bin/bash\nexit 1\n');
    expect((await run({})).report).toMatchObject({ error: 'reload-failed', after: sha256(renewed) });
    expect((await run({ SERVICE: 'other.service' })).report).toMatchObject({ after: sha256(renewed) });
    const pid = await readFile(join(home, 'pid'), 'utf8');
    await writeFile(join(home, 'pid'), '0');
    expect((await run({})).report).toMatchObject({ error: 'service-not-running', runningSince: null });
    await writeFile(join(home, 'pid'), pid);
  });

  it('reports the file where nobody has to be told', async () => {
    const { run, home } = await machine();
    const { report } = await run({ SERVICE: '', APPLY: '' });
    expect(report).toMatchObject({ error: '', after: sha256(renewed), runningSince: null, reloaded: false });
    expect(await readFile(join(home, 'calls'), 'utf8')).toBe('restart -- akvvm_service\n');
  });

  it('reports that there is no file', async () => {
    const { run } = await machine();
    const { report } = await run({ PATH: '/nowhere/at/all', WAIT: '1' });
    expect(report).toMatchObject({
      error: 'not-replaced',
      before: '',
      after: '',
      serial: '',
      chain: [],
      changedAt: null,
    });
  });
});

describe('the script of Linux machines, going back', () => {
  it('links the file that was kept, and restarts the service', async () => {
    const { run, served, link, file } = await machine();
    await run({});
    const { report } = await run({ MODE: 'roll-back', WANT: sha256(old) });
    expect(report).toMatchObject({ mode: 'roll-back', error: '', before: sha256(renewed), after: sha256(old) });
    expect(await readlink(link)).toBe(file(old));
    await expect.poll(served).toBe(sha256(old));
  });

  it('asks the extension for nothing', async () => {
    const { run, home } = await machine();
    await run({ MODE: 'roll-back', WANT: sha256(old) });
    expect(await readFile(join(home, 'calls'), 'utf8')).not.toContain('akvvm_service');
  });

  it('says that the version is not there', async () => {
    const { run, link, file } = await machine();
    expect((await run({ MODE: 'roll-back' })).report).toMatchObject({ error: 'not-kept', after: sha256(old) });
    expect(await readlink(link)).toBe(file(old));
  });

  it('never puts a link where a file is', async () => {
    const { run, link } = await machine();
    await rm(link);
    await writeFile(link, pemOf(old));
    expect((await run({ MODE: 'roll-back' })).report).toMatchObject({ error: 'not-a-link' });
    expect((await lstat(link)).isSymbolicLink()).toBe(false);
  });
});

describe('a parameter with shell characters', () => {
  const tricks = (home: string) => [
    `$(touch ${home}/owned)`,
    `\`touch ${home}/owned\``,
    `; touch ${home}/owned`,
    `" ; touch ${home}/owned ; "`,
    `' ; touch ${home}/owned ; '`,
    `x[$(touch ${home}/owned)]`,
    `a || touch ${home}/owned`,
    `\n touch ${home}/owned\n`,
  ];

  it.each(['MODE', 'RENEWAL', 'ASKED', 'WANT', 'PATH', 'SERVICE', 'APPLY', 'WAIT'])(
    'ends the script where it is in %s, were it to come so far, and does nothing',
    async (name) => {
      const { run, home } = await machine();
      for (const trick of tricks(home)) {
        expect(await run({ [name]: trick })).toEqual({ code: 2, report: {}, output: '' });
        await expect(lstat(join(home, 'owned'))).rejects.toMatchObject({ code: 'ENOENT' });
      }
      await expect(lstat(join(home, 'calls'))).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});

describe('the stand', () => {
  it('reports with the members of the script, and knows it', async () => {
    const { run } = await machine();
    const { report } = await run({});
    expect(Object.keys(report).sort()).toEqual(
      ['after', 'asked', 'before', 'chain', 'changedAt', 'error', 'mode', 'notAfter', 'perennial'].concat([
        'reloaded',
        'renewal',
        'runningSince',
        'serial',
        'want',
      ]),
    );
    expect(knownScripts.linux).toBe(sha256Hex(Buffer.from(linuxScript)));
  });
});
