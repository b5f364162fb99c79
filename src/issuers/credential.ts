import type { Clock } from '../clock.ts';

/** Something with which we show an issuer who we are. Its value is in no message. */
export interface Credential {
  /** As the vault has it, or had it some minutes ago. */
  value(): Promise<string>;
  /** After the issuer has refused it: the next use asks the vault. */
  forget(): void;
}

const REMEMBERED_MILLISECONDS = 5 * 60_000;

/** A secret of Key Vault; a rotated one is found within minutes, or at once when the old one was refused. */
export function createCredential(read: () => Promise<string>, clock: Pick<Clock, 'now'>): Credential {
  let kept: { readonly value: Promise<string>; readonly until: number } | undefined;
  return {
    value() {
      const now = clock.now().getTime();
      if (kept !== undefined && now < kept.until) return kept.value;
      const value = read();
      const asked = { value, until: now + REMEMBERED_MILLISECONDS };
      kept = asked;
      // What could not be read is asked for again at the next use.
      value.catch(() => {
        if (kept === asked) kept = undefined;
      });
      return value;
    },
    forget() {
      kept = undefined;
    },
  };
}
