import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeys, selfSign } from '../../../../local/pki.ts';
import { readCertificate } from '../../../../src/certificate/read.ts';
import { RenewalError } from '../../../../src/errors.ts';
import { heldOf } from '../../../../src/targets/discovery/held.ts';
import { joinUses } from '../../../../src/targets/discovery/join.ts';
import type { Look } from '../../../../src/targets/discovery/look.ts';
import type { Inspection, ListedVersion, VersionFacts } from '../../../../src/vault/port.ts';
import { versionOf } from '../../../builders/world.ts';
import { GROUP, UPLOADED } from './azure.ts';
import { estate } from './estate.ts';

const VERSION = 'a'.repeat(32);
const OLDER = 'b'.repeat(32);

/** A look that found these uploads. */
function uploadsOf(...thumbprints: readonly string[]): Look {
  const found = thumbprints.map((thumbprint) => ({
    ...{ kind: 'app-service', resourceId: `${GROUP}/providers/Microsoft.Web/certificates/x`, detail: 'x' },
    reference: { by: 'upload', thumbprint, names: [] },
  })) as Look['found'];
  return { found, whole: [], unseen: [], problems: [] };
}

let current: VersionFacts;
let thumbprint: string;
beforeAll(async () => {
  const life = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-04-01T00:00:00Z') };
  const names = { dns: ['shop.contoso.com'] };
  const { der } = selfSign({ subject: 'CN=shop', names, ...life }, await createKeys('P-256'));
  current = versionOf(der, VERSION);
  thumbprint = readCertificate(der).sha1.toUpperCase();
});

let vault: Parameters<typeof heldOf>[2] & { inspected: number; listed: number; failure?: Error; endless?: true };
beforeEach(() => {
  vault = {
    ...{ inspected: 0, listed: 0 },
    async inspect() {
      vault.inspected += 1;
      return { state: 'present', current } as Inspection;
    },
    async *versions(): AsyncIterable<ListedVersion> {
      vault.listed += 1;
      if (vault.failure !== undefined) throw vault.failure;
      yield { version: 'c'.repeat(32) };
      while (vault.endless) yield { version: 'd'.repeat(32), thumbprint: 'D'.repeat(40) };
      yield { version: OLDER, thumbprint: UPLOADED };
      yield { version: VERSION, thumbprint };
    },
  };
});

const of = (...thumbprints: readonly string[]) => heldOf(estate([]), uploadsOf(...thumbprints), vault);

describe('what uploads are compared with', () => {
  it('is asked of nobody where nothing was uploaded', async () => {
    expect(await of()).toEqual({ held: [], problems: [] });
    expect(vault.inspected).toBe(0);
  });

  it('is the current version alone, where every upload is one', async () => {
    const { held } = await of(thumbprint);
    expect(held).toMatchObject([{ vault: 'contoso', name: 'Shop', thumbprint, names: ['shop.contoso.com'] }]);
    expect([vault.inspected, vault.listed]).toEqual([1, 0]);
  });

  it('is the versions before it as well, where one is none: that copy is out of date', async () => {
    const { held, problems } = await of(thumbprint, UPLOADED);
    expect(problems).toEqual([]);
    const [shop] = joinUses(estate([]), uploadsOf(thumbprint, UPLOADED), held);
    expect(shop?.uses.map(({ state, copyOf, copiedVersion }) => [state, copyOf, copiedVersion])).toEqual([
      ['copy', 'current', undefined],
      ['copy', 'older', OLDER],
    ]);
  });

  it.each([
    ['vault-throttled', () => new RenewalError('vault-throttled', 'key-vault: list versions failed')],
    ['too many of them', () => undefined],
  ])('is told to be less than all of it: %s', async (_, failure) => {
    const error = failure();
    Object.assign(vault, error === undefined ? { endless: true } : { failure: error });
    const { held, problems } = await of(UPLOADED);
    expect(held).toMatchObject([{ thumbprint }]);
    expect(problems).toMatchObject([{ kind: 'uploads', code: 'not-compared' }]);
    expect(problems[0]?.problem).toContain('contoso/Shop');
  });

  it('does not hide a mistake of ours', async () => {
    vault.failure = new TypeError('oops');
    await expect(of(UPLOADED)).rejects.toThrow(TypeError);
  });
});
