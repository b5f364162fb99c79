/** What a runner is started with, as JSON in its environment. */
export interface RunnerGround {
  readonly directory: string;
  /** PEM of what vouches for ACME server, vault and Resource Manager. */
  readonly trust: readonly string[];
  readonly vault: string;
  readonly vaultToken: string;
  readonly accountKey: string;
  readonly zone: { readonly id: string; readonly endpoint: string; readonly token: string };
  readonly roots: readonly string[];
}

/** Names that are to be certified, so many side by side. */
export interface RunnerOrder {
  readonly names: readonly string[];
  readonly atOnce: number;
}

/** A name of a certificate in the vault for a DNS name. */
export function certificateName(name: string, by: string): string {
  return `${by}-${name.replaceAll('.', '-')}`;
}

export const DOMAIN = 'contoso.example';
