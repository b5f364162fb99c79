// Builds the app's one bundle and the stand's programs; `--package` also writes the deployable zip.
import { rm } from 'node:fs/promises';
import { rolldown } from 'rolldown';

const app = { input: { functions: 'functions/index.ts' }, external: ['@azure/functions-core'] };

async function bundle(input, output) {
  const build = await rolldown({ platform: 'node', logLevel: 'warn', ...input });
  try {
    await build.write(output);
  } finally {
    await build.close();
  }
}

await rm('dist', { recursive: true, force: true });
await bundle(app, { dir: 'dist', format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false, sourcemap: true });
