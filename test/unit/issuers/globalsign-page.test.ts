import { settings } from '../../../src/issuers/globalsign.ts';
import { issuerPageSuite } from './page-suite.ts';

issuerPageSuite({
  kind: 'globalsign',
  settings,
  mistakes: [
    ['url', 'http://hvca.example/v2', 'the https URL of the HVCA API'],
    ['apiKey', 'abcdef', 'the id of a secret'],
    ['apiSecret', 'https://kv.example/keys/atlas', 'the id of a secret'],
    ['clientCertificate', '-----BEGIN', 'the id of a secret'],
    ['private', 'yes', 'true or false'],
    ['trust', ['MIIB'], 'one PEM block'],
    ['roots', [], 'a list of the PEM certificates'],
    ['limits', { dnsSuffixes: [] }, 'a list of the DNS suffixes'],
  ],
});
