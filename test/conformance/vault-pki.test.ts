import { vaultPkis } from './benches/vault-pki.ts';
import { conformanceSuite } from './suite.ts';

for (const bench of vaultPkis) conformanceSuite(bench);
