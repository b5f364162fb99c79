import { expect, it } from 'vitest';
import { operationNames } from '../../../../local/vault/audit.ts';
import { routes } from '../../../../local/vault/routes.ts';

it('every route has a name in the audit log, and no other', () => {
  const paths = routes.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(operationNames).toSorted()).toEqual(paths.toSorted());
});
