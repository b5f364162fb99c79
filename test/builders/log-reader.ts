import { roles } from '../../local/stand/roles.ts';

/** The role of the identity that reads logs, as it is deployed. */
export const logReader = roles.find(({ name }) => name === 'log-reader') ?? { actions: [] };
