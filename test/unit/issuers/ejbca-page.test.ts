import { settings } from '../../../src/issuers/ejbca.ts';
import { issuerPageSuite } from './page-suite.ts';

issuerPageSuite({
  kind: 'ejbca',
  settings,
  mistakes: [
    ['url', 'http://ejbca.example:8443', 'the https URL'],
    ['url', 'https://ejbca.example:8443/ejbca', 'the https URL of an EJBCA server, without a path'],
    ['clientCertificate', '-----BEGIN', 'the id of a secret'],
    ['clientCertificate', 'https://kv.example/certificates/ejbca', 'the id of a secret'],
    ['certificateAuthority', 7, 'the name of a CA'],
    ['certificateProfile', undefined, 'the name of a certificate profile'],
    ['endEntityProfile', 'two\nlines', 'the name of an end entity profile'],
    ['endEntity', 'vault', 'one of renewal, common-name'],
    ['enrolmentCode', 'foo123', 'the id of a secret'],
    ['private', 'yes', 'true or false'],
    ['trust', ['MIIB'], 'one PEM block'],
    ['roots', [], 'a list of the PEM certificates'],
    ['limits', { dnsSuffixes: [] }, 'a list of the DNS suffixes'],
  ],
});
