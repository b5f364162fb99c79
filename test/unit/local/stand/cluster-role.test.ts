import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { deployerRules } from '../../../../local/stand/places/cluster-role.ts';

it('the Role that the stand binds is the one that people are told to make', () => {
  const [role] = parseAllDocuments(readFileSync('infra/kubernetes/deployer.yaml', 'utf8'));
  expect(role?.toJS()).toMatchObject({ kind: 'Role', rules: deployerRules });
});
