import { describe, expect, it } from 'vitest';
import { matchRoute, routes } from '../../../../local/vault/routes.ts';

const found = (method: string, path: string) => {
  const match = matchRoute(method, path);
  return match.state === 'found' ? [match.route.path, match.name, match.version] : match.state;
};

describe('routes', () => {
  it.each([
    ['GET', '/certificates', ['certificates', '', '']],
    ['GET', '/certificates/', ['certificates', '', '']],
    ['GET', '/certificates/web/', ['certificates/{name}', 'web', '']],
    ['GET', '/certificates/web', ['certificates/{name}', 'web', '']],
    ['GET', '/certificates/web/0123', ['certificates/{name}/{version}', 'web', '0123']],
    ['GET', '/certificates/web/versions', ['certificates/{name}/versions', 'web', '']],
    ['GET', '/certificates/issuers', ['certificates/issuers', '', '']],
    ['POST', '/certificates/web/pending/merge', ['certificates/{name}/pending/merge', 'web', '']],
    ['POST', '/keys/web//sign', ['keys/{name}/{version}/sign', 'web', '']],
    ['GET', '/certificates/a%2Fb', ['certificates/{name}', 'a/b', '']],
    ['GET', '/certificates/%zz', ['certificates/{name}', '%zz', '']],
    ['PUT', '/certificates/web', 'wrong-method'],
    ['GET', '/', 'unknown'],
    ['GET', '/certificates/a/b/c/d', 'unknown'],
  ])('%s %s', (method, path, expected) => {
    expect(found(method, path)).toEqual(expected);
  });

  it('each need an action of Key Vault', () => {
    const actions = new Set(routes.map(({ action }) => action.split('/')[0]));
    expect([...actions].sort()).toEqual(['certificatecas', 'certificatecontacts', 'certificates', 'keys', 'secrets']);
  });
});
