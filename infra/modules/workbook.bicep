// The workbook: what is due, what runs, what failed and why, what is served, who read what.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the workspace.')
param workspaceId string

@description('Title of the workbook.')
param title string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'perennial-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: title
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
  }
}

@description('Resource id of the workbook.')
output id string = workbook.id
