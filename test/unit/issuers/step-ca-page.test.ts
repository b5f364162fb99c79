import { settings } from '../../../src/issuers/step-ca.ts';
import { issuerPageSuite } from './page-suite.ts';

issuerPageSuite({
  kind: 'step-ca',
  settings,
  mistakes: [
    ['url', 'http://ca.example:9443', 'the https URL'],
    ['provisioner', '', 'the name of a JWK provisioner'],
    ['provisioner', 'two\nlines', 'the name of a JWK provisioner'],
    ['provisionerKey', 'https://kv.example/secrets/step-ca', 'the id of a key'],
    ['provisionerKey', 'https://kv.example/keys/step-ca/0123456789', 'the id of a key'],
    ['private', 1, 'true or false'],
    ['trust', 'MIIB', 'a list of PEM certificates'],
    ['chain', ['MIIB'], 'one PEM block'],
    ['roots', [], 'a list of the PEM certificates'],
    ['limits', { dnsSuffixes: ['contoso.example'], maxDays: 0 }, 'a whole number'],
  ],
});
