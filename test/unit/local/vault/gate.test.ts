import { describe, expect, it } from 'vitest';
import { permissionOf } from '../../../../local/vault/gate.ts';
import { routes } from '../../../../local/vault/routes.ts';

/** What access policies can grant, as the service documents it. */
const grants = {
  certificates:
    'get list update create import delete recover backup restore managecontacts getissuers setissuers deleteissuers purge',
  keys: 'get create import delete update sign verify',
  secrets: 'get list set delete update',
};

describe('access-policy permissions', () => {
  it.each([
    ['certificates/read', 'certificates get'],
    ['certificates/create/action', 'certificates create'],
    ['certificatecas/write', 'certificates setissuers'],
    ['certificatecontacts/write', 'certificates managecontacts'],
    ['secrets/getSecret/action', 'secrets get'],
    ['secrets/readMetadata/action', 'secrets list'],
    ['keys/sign/action', 'keys sign'],
  ])('%s is asked for as %s', (action, permission) => {
    expect(permissionOf(`Microsoft.KeyVault/vaults/${action}`)).toBe(permission);
  });

  it.each(routes.map(({ method, path, action }) => [method, path, action]))('exist for %s %s', (_m, _p, action) => {
    const [collection = '', permission = ''] = permissionOf(action).split(' ');
    expect(grants[collection as keyof typeof grants].split(' ')).toContain(permission);
  });
});
