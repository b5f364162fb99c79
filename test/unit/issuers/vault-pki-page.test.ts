import { settings } from '../../../src/issuers/vault-pki.ts';
import { issuerPageSuite } from './page-suite.ts';

const byRole = { kind: 'approle', roleId: 'r', secretId: 'https://kv.example/secrets/pki' };

issuerPageSuite({
  kind: 'vault-pki',
  settings,
  mistakes: [
    ['url', 'http://vault.example:8200', 'the https URL'],
    ['namespace', '/team/', 'a path of letters'],
    ['mount', 'pki/../sys', 'a path of letters'],
    ['mount', 'pki?x', 'a path of letters'],
    ['role', 'web/../x', 'the name of a role'],
    ['role', '', 'the name of a role'],
    ['login', { kind: 'userpass' }, 'a group whose key kind is one that is known'],
    ['login', { kind: 'jwt', role: 'perennial' }, 'the application id URI'],
    ['login', { ...byRole, secretId: 'plain text' }, 'the id of a secret'],
    ['login', { ...byRole, roleId: 'two words' }, 'the role id'],
    ['login', { ...byRole, audience: 'api://vault' }, 'a group of the keys|Unrecognized key'],
    ['private', 'no', 'true or false'],
    ['roots', ['MIIB'], 'one PEM block'],
  ],
});
