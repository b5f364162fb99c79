import { vaultCa } from './benches/vault-ca.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(vaultCa('RSA-2048'));
conformanceSuite(vaultCa('P-384'));
