import type { VaultEmulator } from '../vault/vault.ts';

/** A call of the vault's own protocol, with somebody's token: what the stand does as a client does it as any client. */
export interface VaultCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the vault's URI, without query. */
  readonly path: string;
  readonly token: string;
  readonly body?: unknown;
}

export async function callVault(
  vault: VaultEmulator,
  { method, path, token, body }: VaultCall,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const response = await vault.handle({
    method,
    url: new URL(`${vault.uri}${path}?api-version=7.5`),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  });
  return { status: response.status, body: JSON.parse(String(response.body)) as Record<string, unknown> };
}
