import { describe, expect, it } from 'vitest';
import { createMemoryAppRows } from '../../src/estate/memory.ts';
import { revocationReasons } from '../../src/issuers/port.ts';
import { createMemoryKey } from '../builders/memory-key.ts';
import { type EmulatedAcme, startAcme } from './acme-bench.ts';
import { issued, using } from './acme-renewal.ts';

const reasonsAtTheCa = ({ acme }: EmulatedAcme) => acme.certificates().map(({ revoked }) => revoked?.reason);

describe('revocation by ACME', () => {
  it.each([
    ['unspecified', 0],
    ['keyCompromise', 1],
    ['affiliationChanged', 3],
    ['superseded', 4],
    ['cessationOfOperation', 5],
  ] as const)('tells the CA why: %s', (reason, number) =>
    using(startAcme(), async (bench) => {
      const certificate = await issued(bench);
      expect(await bench.issuer.revoke?.({ certificate, reason })).toEqual({ state: 'revoked' });
      expect(reasonsAtTheCa(bench)).toEqual([number]);
    }),
  );

  it('knows every reason that there is', () => {
    expect(revocationReasons).toHaveLength(5);
  });

  it('has done what was done before', () =>
    using(startAcme(), async (bench) => {
      const certificate = await issued(bench);
      await bench.issuer.revoke?.({ certificate, reason: 'superseded' });
      expect(await bench.issuer.revoke?.({ certificate, reason: 'superseded' })).toEqual({ state: 'revoked' });
    }));

  it('is refused in the words of the CA, for a certificate of another account or of nobody', () =>
    using(startAcme(), (elsewhere) =>
      using(startAcme(), async (bench) => {
        const certificate = await issued(bench);
        const stranger = bench.restarted({}, { accountKey: createMemoryKey(), rows: createMemoryAppRows() });
        expect(await stranger.revoke?.({ certificate, reason: 'superseded' })).toEqual({
          state: 'refused',
          reason: expect.stringContaining('not associated with account'),
        });
        const unknown = await issued(elsewhere);
        expect(await bench.issuer.revoke?.({ certificate: unknown, reason: 'superseded' })).toEqual({
          state: 'refused',
          reason: 'Unable to find specified certificate. (malformed)',
        });
        expect(reasonsAtTheCa(bench)).toEqual([undefined]);
      }),
    ));

  it('is tried again later when the CA has a fault', () =>
    using(startAcme(), async (bench) => {
      const certificate = await issued(bench);
      bench.acme.faults.add({ kind: 'server-error', times: 1 });
      const revoke = () => bench.issuer.revoke?.({ certificate, reason: 'superseded' });
      await expect(revoke()).rejects.toMatchObject({ code: 'issuer-unreachable' });
      expect(await revoke()).toEqual({ state: 'revoked' });
    }));
});
