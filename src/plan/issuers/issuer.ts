import { union } from '../schema-parts.ts';
import { acme } from './acme.ts';
import { adCs } from './ad-cs.ts';
import { cfssl } from './cfssl.ts';
import { digicert } from './digicert.ts';
import { ejbca } from './ejbca.ts';
import { est } from './est.ts';
import { globalsign } from './globalsign.ts';
import { manual } from './manual.ts';
import { partner } from './partner.ts';
import { stepCa } from './step-ca.ts';
import { vaultCa } from './vault-ca.ts';
import { vaultPki } from './vault-pki.ts';
import { webhook } from './webhook.ts';

/** One issuer of the estate file: every kind, one line each. */
export const issuer = union([
  vaultCa,
  acme,
  partner,
  est,
  adCs,
  webhook,
  manual,
  stepCa,
  vaultPki,
  digicert,
  ejbca,
  cfssl,
  globalsign,
]);
