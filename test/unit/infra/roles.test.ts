import { describe, expect, it } from 'vitest';
import { rolesOfTheApp } from '../../../docs/infra-tables.ts';
import { code, infraFiles, reached, read } from './bicep-files.ts';

const roles = rolesOfTheApp();
const builtIn = JSON.parse(read('infra/roles/built-in.json')) as Record<string, { id: string; name: string }>;
const templates = infraFiles('.bicep');

/** Roles that could do anything, or give themselves what they lack. */
const tooMuch = {
  Owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  Contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  'User Access Administrator': '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
  'Role Based Access Control Administrator': 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
  'Key Vault Administrator': '00482a5a-887f-4fb3-b363-3b7fe8e74483',
  'Key Vault Secrets Officer': 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
};

/** What only these may do: read what issuers are asked with, in vaults that hold nothing else; take their own proofs away. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'issuer-credentials': ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
  // What a Front Door profile calls a secret is a reference to one.
  'usage-reader': ['Microsoft.Cdn/profiles/secrets/read'],
  'dns-prover': ['Microsoft.Network/dnsZones/TXT/delete'],
};

describe.each(roles)('the role $name', ({ name, actions, dataActions, operations }) => {
  it('has exactly the actions that its calls need', () => {
    const needed = new Set(operations.map(({ needs }) => needs));
    expect([...needed].sort()).toEqual([...actions, ...dataActions].sort());
  });

  it('names a source for each', () => {
    expect(operations.filter(({ source }) => !source.startsWith('https://learn.microsoft.com/'))).toEqual([]);
    expect(new Set(operations.map(({ operation }) => operation)).size).toBe(operations.length);
  });

  it('has no wildcard, deletes nothing, reads no secret, gives no role', () => {
    const own = exceptions[name] ?? [];
    for (const action of [...actions, ...dataActions].filter((one) => !own.includes(one))) {
      expect(action).toMatch(/^Microsoft\.\w+(\/\w+)+$/);
      expect(action).not.toMatch(
        /delete|purge|\/secrets?\/|getSecret|Microsoft\.Authorization|listKeys|\/backup|\/import/i,
      );
    }
  });

  it('is defined by Bicep from this very file, and can be brought along', () => {
    expect(code('infra/modules/roles.bicep')).toContain(`loadJsonContent('../roles/${name}.json')`);
    const field = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(code('infra/types.bicep')).toMatch(new RegExp(`@description\\('${name}\\.json'\\)\\n  ${field}: string`));
    expect(templates.some((file) => code(file).includes(`roleIds.${field}`))).toBe(true);
  });
});

describe('role definitions', () => {
  it('are given out in the order in which they are made', () => {
    const text = code('infra/modules/roles.bicep');
    const made = [...text.matchAll(/roles\/([\w-]+)\.json/g)].map(([, name = '']) => name);
    const given = [...text.matchAll(/^ {2}(\w+): definitions\[(\d+)\]\.id$/gm)].map(([, field = '', index]) => [
      field,
      Number(index),
    ]);
    const camel = (name: string) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(given).toEqual(made.map((name, index) => [camel(name), index]));
    expect(made.toSorted()).toEqual(roles.map(({ name }) => name).toSorted());
  });

  it('add nothing to what the files say', () => {
    const text = code('infra/modules/roles.bicep');
    expect(text).toMatch(
      /actions: file\.actions\n\s+notActions: \[\]\n\s+dataActions: file\.dataActions\n\s+notDataActions: \[\]/,
    );
    expect(templates.filter((file) => /roleDefinitions@/.test(code(file)))).toEqual(['infra/modules/roles.bicep']);
  });
});

describe('role assignments', () => {
  const assignments = templates.flatMap((file) =>
    [...code(file).matchAll(/^resource (\w+) 'Microsoft\.Authorization\/roleAssignments@[\s\S]*?^\}/gm)].map(
      ([text, name]) => ({
        ...{ file, name, text },
      }),
    ),
  );

  it('are on a resource; on a group only for the targets, on a subscription only to see where certificates are used', () => {
    const wide = assignments.filter(({ text }) => !/^ {2}scope: \w+(::\w+)*$/m.test(text)).map(({ file }) => file);
    expect(wide).toEqual(['infra/modules/target-group.bicep', 'infra/modules/usage-subscription.bicep']);
    const bySubscription = templates.filter((file) => /^targetScope = 'subscription'/m.test(code(file)));
    expect(bySubscription).toEqual(['infra/main.bicep', 'infra/modules/usage-subscription.bicep']);
    expect(assignments.filter(({ file }) => file === 'infra/main.bicep')).toEqual([]);
    expect(assignments.length).toBeGreaterThan(8);
  });

  it('give whole subscriptions to the reader alone, with one role that only reads resources', () => {
    const [assigned, ...others] = assignments.filter(({ file }) => file === 'infra/modules/usage-subscription.bicep');
    expect(others).toEqual([]);
    expect(assigned?.text).toMatch(/roleDefinitionId: roleId\n\s+principalId: reader\.principalId\n/);
    const calls = templates.flatMap((file) => [
      ...code(file).matchAll(/^module \w+ '[\w./]*usage-subscription\.bicep'[\s\S]*?^\}\]?$/gm),
    ]);
    expect(calls.map(([text]) => /^ {2}params: (.*)$/m.exec(text)?.[1])).toEqual([
      '{ reader: identities.reader, roleId: roleIds.usageReader }',
    ]);
    const wide = roles.filter(({ scope }) => /subscription/.test(scope)).map(({ name }) => name);
    expect(wide).toEqual(['usage-reader']);
    const seen = roles.find(({ name }) => name === 'usage-reader');
    expect(seen?.principal).toBe('reader');
    expect(seen?.actions.filter((action) => !action.endsWith('/read'))).toEqual([]);
    expect(seen?.dataActions).toEqual([]);
  });

  it('have names that are known before anything is made', () => {
    expect(assignments.filter(({ text }) => !/^ {2}name: guid\([\w.:()]+, [\w.[\]]+, [\w.]+\)$/m.test(text))).toEqual(
      [],
    );
  });

  it('give only roles of the two lists', () => {
    const ids = Object.values(builtIn).map(({ id }) => id);
    expect(ids.filter((id) => Object.values(tooMuch).includes(id))).toEqual([]);
    const guid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
    const literal = reached('infra/main.bicep').filter((file) =>
      guid.test(code(file).replaceAll(/@description\(.*\)/g, '')),
    );
    expect(literal, 'a role id that stands in no list').toEqual([]);
  });

  it('use every built-in role of the list', () => {
    const text = templates.map(code).join('\n');
    expect(Object.keys(builtIn).filter((name) => !text.includes(`builtIn.${name}`))).toEqual([]);
    const used = [...text.matchAll(/builtIn\.(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !Object.hasOwn(builtIn, name))).toEqual([]);
  });
});
