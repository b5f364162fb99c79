import type { Cloud } from './cloud.ts';
import { SeedingError } from './seeding.ts';
import { callVault } from './vault-call.ts';

/** The operator fills the vault of credentials: the app may only read and sign there. */
export function letOperatorIn({ identity, principals, credentialVault: { resourceId } }: Cloud): void {
  const actions = ['keys/*', 'secrets/*'].map((action) => `Microsoft.KeyVault/vaults/${action}`);
  identity.assign(principals.operator.id, { scope: resourceId, actions });
}

/** Puts a secret into the vault of credentials. Answers with its id, without version. */
export async function secretIn(cloud: Cloud, [name, value]: readonly [string, string]): Promise<string> {
  await put(cloud, { method: 'PUT', path: `/secrets/${name}`, body: { value } });
  return `${cloud.credentialVault.uri}/secrets/${name}`;
}

/** Makes a key in the vault of credentials. */
export async function keyIn(cloud: Cloud, name: string): Promise<{ readonly id: string; readonly jwk: object }> {
  const { key } = await put(cloud, {
    ...{ method: 'POST', path: `/keys/${name}/create` },
    body: { kty: 'EC', crv: 'P-256', key_ops: ['sign', 'verify'] },
  });
  const { kty, crv, x, y } = key as Readonly<Record<string, string>>;
  return { id: `${cloud.credentialVault.uri}/keys/${name}`, jwk: { kty, crv, x, y } };
}

async function put(
  { credentialVault, identity, principals }: Cloud,
  call: { readonly method: 'PUT' | 'POST'; readonly path: string; readonly body: unknown },
): Promise<Readonly<Record<string, unknown>>> {
  const token = identity.issueToken(principals.operator, 'https://vault.azure.net');
  const { status, body } = await callVault(credentialVault, { ...call, token });
  if (status !== 200) throw new SeedingError(`${call.path}: ${status} ${JSON.stringify(body)}`);
  return body;
}
