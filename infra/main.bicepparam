// What `azd up` uses: every value comes from the environment that azd keeps (azd env set NAME VALUE).
using './main.bicep'

param name = 'perennial'
param location = readEnvironmentVariable('AZURE_LOCATION', '')
param resourceGroupName = 'rg-${readEnvironmentVariable('AZURE_ENV_NAME', 'perennial')}'
param tags = { 'azd-env-name': readEnvironmentVariable('AZURE_ENV_NAME', 'perennial') }
// A JSON list, such as [{"name":"contoso-web","resourceGroup":"web"}].
param vaults = json(readEnvironmentVariable('ESTATE_VAULTS', '[]'))
param caVaults = json(readEnvironmentVariable('CA_VAULTS', '[]'))
param credentialVaults = json(readEnvironmentVariable('CREDENTIAL_VAULTS', '[]'))
param dnsZones = json(readEnvironmentVariable('DNS_ZONES', '[]'))
param targetGroups = json(readEnvironmentVariable('TARGET_GROUPS', '[]'))
param usageSubscriptions = json(readEnvironmentVariable('USAGE_SUBSCRIPTIONS', '[]'))
param appServicePrincipalId = readEnvironmentVariable('APP_SERVICE_PRINCIPAL', '')
param operatorPrincipalIds = filter([readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')], id => !empty(id))
param backend = readEnvironmentVariable('DURABLE_BACKEND', 'azureStorage')
param notify = { emails: json(readEnvironmentVariable('ALERT_EMAILS', '[]')) }
