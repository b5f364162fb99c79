export const DOMAIN = 'contoso.example';
export const SUBSCRIPTION = '5e55107a-7000-4000-8000-000000000001';

export function vaultUri(name: string): string {
  return `https://${name}.vault.azure.net`;
}

export function vaultId(name: string): string {
  return `/subscriptions/${SUBSCRIPTION}/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/${name}`;
}
