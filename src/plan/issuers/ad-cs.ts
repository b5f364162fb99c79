import { z } from 'zod';
import { group, whole, word } from '../schema-parts.ts';
import { idOf, limits } from './every-issuer.ts';
import { type RelayedIssuerPlan, relayed } from './relayed.ts';

export interface AdCsPlan extends RelayedIssuerPlan {
  readonly kind: 'ad-cs';
  /** As `certreq -config` takes it: `ca01.contoso.example\Contoso Issuing CA`. */
  readonly ca: string;
  /** Name of the certificate template, not its display name, or its OID. */
  readonly template: string;
  /** `{vault}/secrets/{name}` of what the worker signs with. */
  readonly secret: string;
  /** How long a request that waits for a manager of the CA is left alone. */
  readonly retrieveSeconds: number;
}

/** Neither can carry what a command line or a shell reads as anything but itself; the worker looks again. */
const CA = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}\\[A-Za-z0-9](?:[A-Za-z0-9 ._()-]{0,62}[A-Za-z0-9)])?$/;
const TEMPLATE = /^(?:[A-Za-z][A-Za-z0-9_-]{0,63}|[0-2](?:\.\d{1,20}){2,30})$/;

export const adCs = group({
  kind: z.literal('ad-cs'),
  ca: word(CA, 'the configuration string of a CA, host\\name: letters, digits, spaces and . _ ( ) -'),
  template: word(TEMPLATE, 'the name of a template (letters, digits, _ and -, no spaces) or its OID'),
  secret: idOf('secrets'),
  retrieveSeconds: whole(60, 86_400).default(900),
  ...relayed,
  pollSeconds: whole(10, 21_600).default(60),
  limits: group(limits),
});
