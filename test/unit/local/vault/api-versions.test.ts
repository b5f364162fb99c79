import { describe, expect, it } from 'vitest';
import {
  knowsAddressNames,
  knowsCertificateOrder,
  listsShowRecovery,
  readApiVersion,
} from '../../../../local/vault/api-versions.ts';

describe('a version of the API', () => {
  it.each([
    ['7.0', false, false, false],
    ['7.4', true, false, false],
    ['7.5', true, false, false],
    ['7.6', true, true, false],
    ['2025-07-01', true, true, true],
  ] as const)('%s knows what it is old enough for', (text, recovery, order, addresses) => {
    const version = readApiVersion(new URLSearchParams({ 'api-version': text }));
    expect([listsShowRecovery(version), knowsCertificateOrder(version), knowsAddressNames(version)]).toEqual([
      recovery,
      order,
      addresses,
    ]);
  });

  it.each(['', '7', '7.7', '2026-01-01'])('%j is refused', (text) => {
    expect(() => readApiVersion(new URLSearchParams({ 'api-version': text }))).toThrow(/api-version/);
  });
});
