import { sign, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCsr, createKeys } from '../../../local/pki.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { assemble, newSerial, signatureAlgorithmOf, toBeSigned } from '../../../src/certificate/issue.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import type { CsrRequest } from '../../../src/vault/port.ts';
import { anAuthority } from '../../builders/certificates.ts';
import { connection, fixture, refusal, ScriptedVault, vault } from '../vault/scripted-vault.ts';

/*
 * What is written is read back by somebody who knows nothing of the code that wrote it: OpenSSL, by way of Node, and a
 * plain JSON parser.
 */

const SECOND = 1000;
const authorities = await Promise.all(
  (['P-256', 'P-384', 'RSA-2048'] as const).map((keyType) => anAuthority(`CN=Authority ${keyType}`, { keyType })),
);
const subjects = await Promise.all((['P-256', 'P-521', 'RSA-2048'] as const).map((keyType) => createKeys(keyType)));

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const host = fc
  .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 4 }))
  .map(([wild, labels]) => `${wild ? '*.' : ''}${labels.join('.')}.contoso.example`);
const hosts = fc.uniqueArray(host, { minLength: 1, maxLength: 30 });
const organisation = fc.stringMatching(/^[A-Za-zäöüß,+"\\;<>=#. ]{0,20}[A-Za-z]$/);
const second = fc.integer({ min: Date.UTC(2020, 0, 1) / SECOND, max: Date.UTC(2069, 0, 1) / SECOND });

const wish = fc.record({
  names: hosts,
  organisation,
  authority: fc.constantFrom(...authorities),
  keys: fc.constantFrom(...subjects),
  notBefore: second,
  lifeSeconds: fc.integer({ min: 60, max: 400 * 86_400 }),
});

/** `DNS:a, DNS:b` */
const namesOf = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName.split(', ').map((name) => name.replace(/^DNS:/, ''));

test('every certificate that is issued says to OpenSSL what was asked for: names, key, dates, serial, purpose', () => {
  fc.assert(
    fc.property(wish, ({ names, organisation: value, authority, keys, notBefore, lifeSeconds }) => {
      const [first = ''] = names;
      const subject = [[{ type: '2.5.4.10', value }], [{ type: '2.5.4.3', value: first }]];
      const csr = readCsr(createCsr({ subject, names: { dns: names }, keys }));
      const signatureAlgorithm = signatureAlgorithmOf(authority.details);
      const dates = { notBefore: new Date(notBefore * SECOND), notAfter: new Date((notBefore + lifeSeconds) * SECOND) };
      const serial = newSerial();
      const tbs = toBeSigned({ csr, issuer: authority.details, serial, ...dates, signatureAlgorithm });
      const key = { key: authority.keys.privateKey, dsaEncoding: 'ieee-p1363' as const };
      const read = new X509Certificate(assemble(tbs, sign(signatureAlgorithm.hash, tbs, key), signatureAlgorithm));
      expect(namesOf(read)).toEqual(names);
      expect(read.toLegacyObject().subject).toMatchObject({ O: value, CN: first });
      expect(read.publicKey.export({ type: 'spki', format: 'der' })).toEqual(Buffer.from(keys.spki));
      expect([new Date(read.validFrom), new Date(read.validTo)]).toEqual([dates.notBefore, dates.notAfter]);
      expect(read.serialNumber.toLowerCase()).toBe(serial);
      expect({ ca: read.ca, purposes: read.keyUsage }).toEqual({ ca: false, purposes: ['1.3.6.1.5.5.7.3.1'] });
      expect(read.verify(new X509Certificate(authority.der).publicKey)).toBe(true);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('every CSR that the vault is asked for has on the wire exactly the names, key and life that were asked for', async () => {
  const asked = fc.record({
    dnsNames: hosts,
    organisation,
    keyType: fc.constantFrom('P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-3072', 'RSA-4096'),
    exportable: fc.boolean(),
    validityMonths: fc.integer({ min: 1, max: 13 }),
    tags: fc.dictionary(label, fc.string({ maxLength: 40 }), { maxKeys: 5, noNullPrototype: true }),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ organisation: value, keyType, ...rest }) => {
      const subject = `CN=${rest.dnsNames[0]}, O="${value.replace(/["\\]/g, '')}"`;
      const contentType = 'application/x-pkcs12';
      const request = { vault, name: 'shop', subject, contentType, keyType, ...rest } as CsrRequest;
      const http = new ScriptedVault()
        .on('GET /certificates/shop/pending', refusal(404, 'PendingCertificateNotFound', 'none'))
        .on('GET /certificates/shop/policy', refusal(404, 'CertificateNotFound', 'none'))
        .on('POST /certificates/shop/create', { status: 202, body: { ...pending, csr: fixture('request') } });
      // The CSR of the script is another one: what is looked at is the wish.
      await createKeyVault(connection(http))
        .request(request)
        .catch((error: unknown) => expect(error).toMatchObject({ code: 'vault-conflict' }));
      const body = http.bodies.at(-1) as { policy: Wire; tags: object };
      const size = Number(/\d+$/.exec(keyType)?.[0]);
      const key = keyType.startsWith('RSA') ? { kty: 'RSA' } : { kty: 'EC', crv: keyType };
      expect(body.policy.x509_props).toMatchObject({ subject, validity_months: rest.validityMonths });
      expect(body.policy.x509_props.sans).toEqual({ dns_names: rest.dnsNames });
      expect(body.policy.key_props).toEqual({ ...key, key_size: size, exportable: rest.exportable, reuse_key: false });
      expect(body.policy.issuer).toEqual({ name: 'Unknown' });
      expect(body.tags).toEqual(rest.tags);
    }),
    { numRuns: 200 },
  );
}, 60_000);

const pending = {
  id: `${vault}/certificates/shop/pending`,
  issuer: { name: 'Unknown' },
  status: 'inProgress',
  request_id: '0123456789abcdef0123456789abcdef',
};

/** The policy as Key Vault's documentation has it. */
interface Wire {
  readonly x509_props: { readonly subject: string; readonly sans: object; readonly validity_months: number };
  readonly key_props: object;
  readonly issuer: object;
}
