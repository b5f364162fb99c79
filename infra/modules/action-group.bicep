// Who is told when an alert fires.

@description('Name of the group.')
param name string

@description('Tags of every resource.')
param tags object

@description('Mail addresses.')
param emails string[]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'perennial'
    enabled: true
    emailReceivers: [for email in emails: { name: email, emailAddress: email, useCommonAlertSchema: true }]
  }
}

@description('Resource id of the group.')
output id string = group.id
