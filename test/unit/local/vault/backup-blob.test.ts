import { describe, expect, it } from 'vitest';
import { openBackup, placeOf, sealBackup } from '../../../../local/vault/backup-blob.ts';

const id = (subscription: string) => `/subscriptions/${subscription}/resourceGroups/g/providers/x`;
const home = placeOf(id('one'), 'westeurope');
const iv = Buffer.alloc(12, 1);
const blob = sealBackup({ name: 'web' }, home, iv);
const text = Buffer.from(blob, 'base64url').toString();
const changed = (from: string | RegExp, to: string): string =>
  Buffer.from(text.replace(from, to)).toString('base64url');

describe('a backup blob', () => {
  it('looks as those of the service do, and tells nothing', () => {
    expect(blob).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(text).toMatch(/^&AzureKeyVaultKeyBackupV1\.microsoft\.comeyJ[^.]+\.\.[^.]+\.[^.]+\.[^.]+$/);
    expect(text).not.toContain('web');
  });

  it.each([
    ['the same vault', 'one', 'westeurope'],
    ['another region of the geography', 'ONE', 'northeurope'],
  ])('opens in %s', (_title, subscription, region) => {
    expect(openBackup(blob, placeOf(id(subscription), region))).toEqual({ name: 'web' });
  });

  it.each([
    ['another subscription', 'two', 'westeurope'],
    ['another geography', 'one', 'eastus2'],
  ])('does not open in %s', (_title, subscription, region) => {
    expect(() => openBackup(blob, placeOf(id(subscription), region))).toThrow('Cannot decrypt backup blob.');
  });

  it.each([
    ['nonsense', 'bm9uc2Vuc2U'],
    ['another beginning', changed('KeyBackupV1', 'KeyBackupV9')],
    ['a header that is none', changed('eyJ', 'xxx')],
    ['a part too few', changed(/\.[^.]+$/, '')],
    ['a part too many', changed(/$/, '.AAAA')],
    ['other content', changed(/\.[^.]+\.([^.]+)$/, '.AAAA.$1')],
    ['a seal cut short', changed(/[^.]{8}$/, '')],
  ])('is malformed with %s', (_title, value) => {
    expect(() => openBackup(value, home)).toThrow(
      expect.objectContaining({ status: 400, code: 'Malformed backup blob' }),
    );
  });
});
