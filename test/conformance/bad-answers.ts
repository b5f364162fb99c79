import { expect } from 'vitest';
import type { IssuerFaultKind } from '../../local/issuers/faults.ts';
import { RenewalError } from '../../src/errors.ts';
import type { Conformance } from './suite.ts';
import type { ConformanceCase, IssuerUnderTest } from './under-test.ts';

const lies = [
  ['wrong-key', 'merges no certificate for another key'],
  ['extra-name', 'merges no certificate with another name'],
  ['missing-chain', 'merges no leaf without its chain'],
  ['expired-intermediate', 'merges nothing whose chain has ended'],
] as const satisfies readonly (readonly [ConformanceCase & IssuerFaultKind, string])[];

/** What a CA may answer that nobody should use. */
export function badAnswers({ under, ask, tries }: Conformance): void {
  for (const [kind, title] of lies) {
    tries(kind, title, async () => {
      const asked = await ask().requestOf([`${kind}.${under().domain}`]);
      const takeAway = faultsOf(under()).add({ kind });
      try {
        const status = await ask().decide(asked);
        expect(ask().judge(status, asked)).toMatchObject({ state: 'refused' });
      } catch (error) {
        // An issuer may refuse by itself, or wait for the right one until it is given up.
        if (!(error instanceof RenewalError)) throw error;
        expect(error.code).toMatch(/^issuer-/);
      } finally {
        takeAway();
      }
    });
  }
}

export function faultsOf({ ca }: IssuerUnderTest): NonNullable<IssuerUnderTest['ca']> {
  if (ca === undefined) throw new TypeError('nobody can make the CA fail: declare what cannot be tried');
  return ca;
}
