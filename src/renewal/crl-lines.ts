import type { IssuerCrls } from '../issuers/publish-crls.ts';
import type { LogLine } from './log-fields.ts';

export interface CrlLine {
  readonly line: LogLine;
  readonly isFailure: boolean;
}

/** One line a CRL that was published or could not be; those that will do are not worth one. */
export function crlLines(reports: readonly IssuerCrls[]): readonly CrlLine[] {
  return reports.flatMap(({ issuer, crls }) =>
    crls.flatMap((crl): readonly CrlLine[] => {
      const authority = 'authority' in crl ? crl.authority : undefined;
      if (crl.state === 'current') return [];
      if (crl.state === 'failed') {
        return [{ line: { message: 'CRL failed', issuer, authority, detail: crl.detail }, isFailure: true }];
      }
      const { number, entries } = crl;
      return [{ line: { message: 'CRL published', issuer, authority, number, entries }, isFailure: false }];
    }),
  );
}
