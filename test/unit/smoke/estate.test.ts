import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SmokeError } from '../../../smoke/errors.ts';
import { withEntries, withoutEntries } from '../../../smoke/estate.ts';
import { readEstate } from '../../../src/plan/estate-file.ts';

/** The example of the documentation, with a root that can be read. */
const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/estate-file.md', 'utf8'))?.[1] ?? '';
const root = readFileSync('test/unit/smoke/root.pem', 'utf8');
const text = example.replace(
  / {8}-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/,
  root.replaceAll(/^(?=.)/gm, '        '),
);

const run = 'perennial-smoke-20261121t170000';
const addition = {
  run,
  plan: { issuer: 'internal', owner: 'npm run smoke', renewAt: { percentOfLife: 95, floorDays: 30 } },
  certificates: [{ vault: 'contoso-web', name: run, plan: run }],
};

describe('the entries of a run in the estate file', () => {
  it('are added to what is there, comments and all', () => {
    const added = withEntries(text, addition);
    const { certificates, plans } = readEstate(added, 'estate');
    expect(certificates.map(({ name }) => name)).toEqual(['shop', run]);
    expect(plans[run]?.renewAt).toEqual({ percentOfLife: 95, floorDays: 30 });
    expect(added).toContain("# Key Vault's name, as events carry it");
  });

  it('are taken out again, and nothing else', () => {
    const back = withoutEntries(withEntries(text, addition), (one) => one === run);
    expect(readEstate(back, 'estate')).toEqual(readEstate(text, 'estate'));
    expect(back).toContain("# Key Vault's name, as events carry it");
  });

  it('leave those of another run, and the text of others as it is', () => {
    const other = withEntries(text, addition);
    expect(withoutEntries(other, (one) => one !== run)).toBe(other);
    expect(withoutEntries(text, () => true)).toBe(text);
  });

  it('leave a certificate of that name which somebody gave a plan of his own', () => {
    const mine = withEntries(text, { ...addition, certificates: [{ vault: 'contoso-web', name: run, plan: 'web' }] });
    expect(withoutEntries(mine, () => true)).toContain(`name: ${run}`);
  });

  it('are added where there are no certificates yet', () => {
    const bare = text.slice(0, text.indexOf('certificates:\n'));
    const added = withEntries(`${bare}certificates: []\n`, addition);
    expect(readEstate(added, 'estate').certificates.map(({ name }) => name)).toEqual([run]);
  });

  it('are refused when the file would be wrong with them, and the reason is named', () => {
    const wrong = { ...addition, plan: { ...addition.plan, issuer: 'nobody' } };
    expect(() => withEntries(text, wrong)).toThrow(SmokeError);
    expect(() => withEntries(text, wrong)).toThrow(/issuer/);
  });
});
