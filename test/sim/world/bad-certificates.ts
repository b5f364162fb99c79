import type { CertificateWish } from '../../../local/pki.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import type { CsrDetails } from '../../../src/certificate/types.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { Dice } from '../virtual/dice.ts';

const DAY = 86_400_000;

export interface Asked {
  readonly dice: Dice;
  readonly csr: CsrDetails;
  /** Milliseconds of the simulated clock. */
  readonly now: number;
}

/** What a CA may certify in place of what it was asked for: rightly signed, for the right key, and acceptable to nobody. */
export const badCertificates: Readonly<Partial<Record<FaultName, (asked: Asked) => Partial<CertificateWish>>>> = {
  'ca.san': ({ dice, csr: { names } }) => {
    const dns = dice.chance('san', 0.5) ? [...names.dns, 'extra.contoso.example'] : names.dns.slice(0, -1);
    return { names: { dns } };
  },
  'ca.weak': () => ({ hash: 'sha1' }),
  'ca.eku': ({ dice }) =>
    dice.pick<Partial<CertificateWish>>('eku', [
      { isCa: true, keyUsage: ['keyCertSign'] },
      { extendedKeyUsage: [purposes.clientAuth] },
      { extendedKeyUsage: [] },
    ]),
  'ca.dates': ({ dice, now }) => {
    const [from, to] = dice.pick('dates', [
      [-60 * DAY, -1 * DAY],
      [2 * DAY, 60 * DAY],
      [-DAY, 3 * 3_600_000],
      [-DAY, 900 * DAY],
    ]);
    return { notBefore: wholeSeconds(now + (from ?? 0)), notAfter: wholeSeconds(now + (to ?? 0)) };
  },
};

export const wholeSeconds = (milliseconds: number): Date => new Date(Math.floor(milliseconds / 1000) * 1000);
