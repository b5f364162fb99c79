/** The role that shows where certificates are used: infra/roles/usage-reader.json. */
export const usageRole = 'Perennial usage reader';
