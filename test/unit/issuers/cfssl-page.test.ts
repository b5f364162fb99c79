import { settings } from '../../../src/issuers/cfssl.ts';
import { issuerPageSuite } from './page-suite.ts';

issuerPageSuite({
  kind: 'cfssl',
  settings,
  mistakes: [
    ['url', 'http://cfssl.example:8888', 'the https URL'],
    ['url', 'cfssl.example', 'the https URL'],
    ['authKey', 'plain-text-key', 'the id of a secret'],
    ['authKey', 'https://kv.example/keys/cfssl', 'the id of a secret'],
    ['profile', 'two words', 'the name of a signing profile'],
    ['label', 'two words', 'the label of a CA'],
    ['clientCertificate', '-----BEGIN', 'the id of a secret'],
    ['private', 'yes', 'true or false'],
    ['trust', ['MIIB'], 'one PEM block'],
    ['roots', [], 'a list of the PEM certificates'],
    ['limits', { dnsSuffixes: [] }, 'a list of the DNS suffixes'],
  ],
});
