import type { World } from './world.ts';

export interface Operation {
  readonly vault: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** A person with all rights on the vaults, who needs no SDK and meets no fault. */
export async function operate(
  world: World,
  { vault, method, path, body }: Operation,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const emulator = world.cloud.vault(vault);
  const answer = await emulator.handle({
    method,
    url: new URL(`${emulator.uri}${path}?api-version=7.5`),
    headers: {
      authorization: `Bearer ${world.cloud.token('operator', 'https://vault.azure.net')}`,
      'content-type': 'application/json',
    },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  });
  world.trace(() => `operator ${method} ${vault}${path} -> ${answer.status}`);
  const text = String(answer.body ?? '');
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
