import { z } from 'zod';
import { group } from '../schema-parts.ts';
import { type CommonIssuerPlan, common, type IssuerLimits, idOf, limits } from './every-issuer.ts';

export interface VaultCaPlan extends CommonIssuerPlan {
  readonly kind: 'vault-ca';
  /** `{vault}/certificates/{name}` of the CA certificate whose key signs. */
  readonly certificate: string;
  readonly limits: IssuerLimits & {
    /** Whether it certifies TLS clients too, for requests that ask for both purposes, as Key Vault's default policy does. */
    readonly clientAuth: boolean;
  };
}

export const vaultCa = group({
  kind: z.literal('vault-ca'),
  certificate: idOf('certificates'),
  ...common,
  limits: group({ ...limits, clientAuth: z.boolean({ error: 'true or false' }).default(true) }),
});
