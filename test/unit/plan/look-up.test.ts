import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { findCertificate, findVault, planOf } from '../../../src/plan/look-up.ts';
import { anEstate, aPlan } from './build.ts';

const estate = anEstate();

describe('findVault', () => {
  const found = ['shop', 'SHOP', 'https://shop.vault.azure.net', 'https://SHOP.vault.azure.net/'];
  it.each(found)('finds the vault as %s', (text) => {
    expect(findVault(estate, text)).toBe(estate.vaults[0]);
  });

  it.each(['', 'sho', 'https://shop.vault.azure.cn', 'http://shop.vault.azure.net'])('finds none as "%s"', (text) => {
    expect(findVault(estate, text)).toBeUndefined();
  });
});

describe('findCertificate', () => {
  it('finds a certificate in whatever case it is spelled', () => {
    expect(findCertificate(estate, 'Shop', 'TLS')).toBe(estate.certificates[0]);
  });

  it.each([
    ['shop', 'tls2'],
    ['stop', 'tls'],
    ['constructor', '__proto__'],
  ])('finds none as %s/%s', (vault, name) => {
    expect(findCertificate(estate, vault, name)).toBeUndefined();
  });
});

describe('planOf', () => {
  it('answers with the plan that the certificate names', () => {
    expect(planOf(estate, { plan: 'internal' })).toEqual(aPlan());
  });

  it.each(['gone', 'constructor'])('throws for %s, which a validated estate cannot name', (plan) => {
    expect(() => planOf(estate, { plan })).toThrow(RenewalError);
  });
});
