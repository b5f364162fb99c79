import { expect, test } from 'vitest';
import { createCsr, createKeys } from '../../../local/pki.ts';
import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import { keyTypes } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';

const subject = 'CN=www.contoso.example, O="Contoso, Ltd.", C=GB';

/** Longer RSA keys differ in nothing but the time they take. */
const kinds = keyTypes.filter((keyType) => keyType !== 'RSA-3072' && keyType !== 'RSA-4096');

test.each(kinds)('reads a request with a key of %s and verifies that its maker holds the key', async (keyType) => {
  const keys = await createKeys(keyType);
  const der = createCsr({ subject, names: { dns: ['WWW.contoso.example', '*.contoso.example'] }, keys });
  const csr = readCsr(der);
  expect(csr).toMatchObject({ keyType, subjectText: 'CN=www.contoso.example, O=Contoso\\, Ltd., C=GB' });
  expect(csr.names.dns).toEqual(['www.contoso.example', '*.contoso.example']);
  expect(csr.sha256).toBe(sha256Hex(der));
  expect(csr.spkiSha256).toBe(sha256Hex(keys.spki));
  expect(await verifyCsr(der)).toBe(true);
});

test('does not verify a request that another key signed, that was changed, or that is signed with SHA-1', async () => {
  const keys = await createKeys('P-256');
  const good = createCsr({ subject, keys });
  const changed = Uint8Array.from(good);
  const at = Buffer.from(good).indexOf('contoso');
  changed[at] = 'k'.charCodeAt(0);
  expect(await verifyCsr(createCsr({ subject, keys, forger: await createKeys('P-256') }))).toBe(false);
  expect(await verifyCsr(createCsr({ subject, keys, forger: await createKeys('RSA-2048') }))).toBe(false);
  expect(await verifyCsr(changed)).toBe(false);
  expect(await verifyCsr(createCsr({ subject, keys, hash: 'sha1' }))).toBe(false);
});

test('throws one known error at bytes that are no request', async () => {
  const der = createCsr({ subject, keys: await createKeys('P-256') });
  for (const bytes of [new Uint8Array(), Buffer.from('hello'), der.subarray(1), Buffer.concat([der, der])]) {
    expect(() => readCsr(bytes)).toThrow(RenewalError);
  }
});
