/** An event that a vault raises, before Event Grid puts it into one of its schemas. */
export interface VaultEvent {
  readonly type:
    | 'Microsoft.KeyVault.CertificateNewVersionCreated'
    | 'Microsoft.KeyVault.CertificateNearExpiry'
    | 'Microsoft.KeyVault.CertificateExpired';
  readonly time: Date;
  /** ARM id of the vault: `topic` or `source`. */
  readonly vaultResourceId: string;
  readonly vaultName: string;
  readonly objectName: string;
  readonly version: string;
  /** `{vault}/certificates/{name}/{version}`. */
  readonly id: string;
  /** Unix seconds. */
  readonly nbf: number | null;
  readonly exp: number | null;
}
