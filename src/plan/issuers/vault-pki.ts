import { z } from 'zod';
import { group, union, word } from '../schema-parts.ts';
import { address, type CommonIssuerPlan, common, idOf, isPrivate, limits, trust } from './every-issuer.ts';

/** How a token of Vault is got. `mount` is where the auth method is mounted. */
export type VaultPkiLogin =
  | {
      readonly kind: 'approle';
      readonly mount: string;
      readonly roleId: string;
      /** `{vault}/secrets/{name}` of the secret id, in Key Vault. */
      readonly secretId: string;
    }
  /** With a token of the app's managed identity. */
  | { readonly kind: 'jwt'; readonly mount: string; readonly role: string; readonly audience: string };

/** HashiCorp Vault's PKI secrets engine, or OpenBao's: not Azure Key Vault. */
export interface VaultPkiPlan extends CommonIssuerPlan {
  readonly kind: 'vault-pki';
  /** Without `/v1`. */
  readonly url: string;
  readonly namespace?: string | undefined;
  /** Where the PKI engine is mounted. */
  readonly mount: string;
  /** Role of the PKI engine. */
  readonly role: string;
  readonly login: VaultPkiLogin;
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** PEM certificates that vouch for the server's host; none: the public authorities. */
  readonly trust: readonly string[];
}

const PATH = /^[\w-]+(?:[./][\w-]+)*$/;
const path = word(PATH, 'a path of letters, digits, hyphens and slashes, without one at its ends');
const roleName = word(/^\w(?:[\w.-]*\w)?$/, 'the name of a role');
const mount = path;

const login = union([
  group({
    kind: z.literal('approle'),
    mount: mount.default('approle'),
    roleId: word(/^[\x21-\x7e]{1,4096}$/, 'the role id'),
    secretId: idOf('secrets'),
  }),
  group({
    kind: z.literal('jwt'),
    mount: mount.default('jwt'),
    role: roleName,
    audience: word(/^[\x21-\x7e]{1,256}$/, 'the application id URI or client id that tokens are asked for'),
  }),
]);

export const vaultPki = group({
  kind: z.literal('vault-pki'),
  url: address('the https URL of a HashiCorp Vault or OpenBao'),
  namespace: path.optional(),
  mount: mount.default('pki'),
  role: roleName,
  login,
  private: isPrivate.default(true),
  trust,
  ...common,
  limits: group(limits),
});
