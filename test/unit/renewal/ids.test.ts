import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRenewalId, type RenewalIdentity, renewalId } from '../../../src/renewal/ids.ts';

const identity: RenewalIdentity = {
  vault: 'https://contoso-tls.vault.azure.net',
  name: 'Shop',
  version: 'a'.repeat(32),
  attempt: 1,
};

const identities = fc.record({
  vault: fc.oneof(fc.webUrl(), fc.string({ maxLength: 200 })),
  name: fc.string({ maxLength: 200 }),
  version: fc.option(fc.string(), { nil: undefined }),
  attempt: fc.nat(),
});

describe('renewalId', () => {
  it('is the same on every machine and in every release', () => {
    expect(renewalId(identity)).toBe('contoso-tls-shop-crc3ri6b3ic6osbe');
  });

  it('has the shape of a renewal id whatever the names are', () => {
    fc.assert(
      fc.property(identities, (any) => {
        const id = renewalId(any);
        expect(isRenewalId(id)).toBe(true);
        expect(id).toMatch(/^[a-z0-9][a-z0-9-]{0,39}-[a-z2-7]{16}$/);
      }),
    );
  });

  const equal: [string, Partial<RenewalIdentity>][] = [
    ['the case of the vault', { vault: 'https://CONTOSO-tls.vault.azure.net' }],
    ['a trailing slash of the vault', { vault: 'https://contoso-tls.vault.azure.net/' }],
    ['the case of the name', { name: 'sHOP' }],
    ['the case of the version', { version: 'A'.repeat(32) }],
  ];
  it.each(equal)('does not depend on %s', (_title, change) => {
    expect(renewalId({ ...identity, ...change })).toBe(renewalId(identity));
  });

  const different: [string, RenewalIdentity][] = [
    ['vault', { ...identity, vault: 'https://contoso-tls.vault.azure.cn' }],
    ['name', { ...identity, name: 'shop2' }],
    ['version', { ...identity, version: 'b'.repeat(32) }],
    ['version that is absent', { ...identity, version: undefined }],
    ['attempt', { ...identity, attempt: 2 }],
  ];
  it.each(different)('depends on the %s', (_title, other) => {
    expect(renewalId(other)).not.toBe(renewalId(identity));
  });

  it('keeps long names apart by the hash', () => {
    const long = 'x'.repeat(126);
    const one = renewalId({ ...identity, name: `${long}1` });
    const other = renewalId({ ...identity, name: `${long}2` });
    expect(one.slice(0, 40)).toBe(other.slice(0, 40));
    expect(one).not.toBe(other);
  });
});

describe('isRenewalId', () => {
  it.each(['a', 'shop-tls_1', 'A'.repeat(100)])('takes one of the right shape (%#)', (text) => {
    expect(isRenewalId(text)).toBe(true);
  });

  const bad = ['', '..', '../x', 'a?b=c', 'a%2fb', 'a/b', 'a b', 'a\n', 'ä', 'a'.repeat(101), 'x'.repeat(10_240)];
  it.each(bad)('refuses any other text (%#)', (text) => {
    expect(isRenewalId(text)).toBe(false);
  });
});
