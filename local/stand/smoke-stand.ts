import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSmokeGround } from './smoke-ground.ts';

/** Starts stand and app, runs `npm run smoke` against them with the arguments that it is given, and ends as that did. */
async function main(args: readonly string[]): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'smoke-'));
  const ground = await openSmokeGround({ directory, seed: 1 });
  try {
    const program = fileURLToPath(new URL('./smoke.mjs', import.meta.url));
    const own = ['--config', ground.configFile, '--directory', join(directory, 'ledgers')];
    const child = spawn(process.execPath, [program, ...own, ...args], {
      ...{ stdio: 'inherit', env: { ...process.env, ...ground.environment } },
    });
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
    return await new Promise((ended) => child.once('close', (code) => ended(code ?? 1)));
  } finally {
    await ground.close();
    await rm(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
process.exit();
