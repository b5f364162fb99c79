import { describe, expect, it } from 'vitest';
import { createCsr, createKeys } from '../../../local/pki.ts';
import { accept } from '../../../src/certificate/acceptance.ts';
import { compareNames, noNames } from '../../../src/certificate/alternative-names.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { derContext, tags, wrap } from '../../../src/certificate/der.ts';
import { assemble, newSerial, signatureAlgorithmOf, toBeSigned } from '../../../src/certificate/issue.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { refusal } from '../../../src/issuers/vault-ca-rules.ts';
import { anAuthority, aWorld, base64, days, now } from '../../builders/certificates.ts';

const NAMES = 10_000;
/** As many as fit into the largest certificate that is read. */
const FITTING = 4000;
/** Of processor time, which other processes do not change; each takes some hundredths. */
const MOST_SECONDS = 2;

/** Of a network of one address. */
const NO_MASK = [255, 255, 255, 255];

const world = await aWorld();
const dns = (count: number, zone = 'a.example') => Array.from({ length: count }, (_, at) => `${at}.${zone}`);
const certificate = (names: string[]) => world.leaf({ names: { dns: names } }).der;

/** One that is larger than any that is read, also by those who make certificates for tests. */
function hugeCertificate(names: string[]): Uint8Array {
  const issuer = world.intermediate.details;
  const signatureAlgorithm = signatureAlgorithmOf(issuer);
  const csr = { ...world.csr, names: { ...noNames, dns: names } };
  const tbs = toBeSigned({ csr, issuer, serial: newSerial(), notBefore: now, notAfter: days(90), signatureAlgorithm });
  return assemble(tbs, new Uint8Array(64).fill(1), signatureAlgorithm);
}

async function quick<T>(work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(MOST_SECONDS);
  return result;
}

describe('ten thousand names', () => {
  it('in a certificate are too many to be read', async () => {
    const der = hugeCertificate(dns(NAMES));
    await quick(() => expect(() => readCertificate(der)).toThrow(/^the certificate is larger than 65536 bytes/));
  });

  it('in an issuer’s answer end as a chain that is too large', async () => {
    const request = world.request({ answer: base64([hugeCertificate(dns(NAMES)), world.intermediate.der]) });
    expect(await quick(() => accept(request))).toMatchObject({ state: 'refused', reason: 'chain-too-large' });
  });

  it('in a CSR are too many to be read', async () => {
    const csr = createCsr({ subject: 'CN=www.contoso.example', names: { dns: dns(NAMES) }, keys: world.keys });
    await quick(() => expect(() => readCsr(csr)).toThrow(/^the certificate request is larger than 65536 bytes/));
  });

  it('are compared in linear time', async () => {
    const [before, after] = [dns(NAMES), dns(NAMES, 'b.example')].map((names) => ({ ...noNames, dns: names }));
    const { missing, extra } = await quick(() => compareNames(before ?? noNames, after ?? noNames));
    expect([missing.length, extra.length]).toEqual([NAMES, NAMES]);
  });
});

describe('as many names as fit into a certificate', () => {
  it('that were not asked for end as names that differ, of which a few are told', async () => {
    const request = world.request({ answer: base64([certificate(dns(FITTING)), world.intermediate.der]) });
    const verdict = await quick(() => accept(request));
    expect(verdict).toMatchObject({ state: 'refused', reason: 'names-differ' });
    if (verdict.state !== 'refused') throw new TypeError('it is refused');
    expect(verdict.detail.length).toBeLessThanOrEqual(1000);
    expect(verdict.detail).toContain(`and ${FITTING - 5} more`);
  });

  it('that were asked for and are there are compared one by one', async () => {
    const names = dns(FITTING);
    const csr = readCsr(createCsr({ subject: 'CN=0.a.example', names: { dns: names }, keys: world.keys }));
    const leaf = world.leaf({ subject: 'CN=0.a.example', names: { dns: [...names].reverse() } }).der;
    const request = world.request({ csr, answer: base64([leaf, world.intermediate.der]) });
    expect(await quick(() => accept(request))).toMatchObject({ state: 'accepted' });
  });

  it('are refused by the vault CA with their number', async () => {
    const keys = await createKeys('P-256');
    const csr = readCsr(createCsr({ subject: 'CN=0.a.example', names: { dns: dns(FITTING) }, keys }));
    const limits = { maxDays: 398, keys: ['P-256' as const], dnsSuffixes: ['a.example'], clientAuth: false };
    const ca = world.intermediate.details;
    const asked = { csr, validityDays: 90, limits, ca, now, notAfter: days(90) };
    expect(await quick(() => refusal(asked))).toBe(`the CSR has ${FITTING} names, and 100 are allowed`);
  });
});

describe('thousands of name constraints', () => {
  it.each(['permitted', 'excluded'] as const)(
    '(%s) over thousands of addresses are not judged one by one',
    async (kind) => {
      const count = 3000;
      const octets = (at: number) => [10, 1 + (at >> 8), at & 255, 1];
      const subtree = (at: number) => wrap(tags.sequence, derContext(7, Uint8Array.from([...octets(at), ...NO_MASK])));
      const subtrees = Array.from({ length: count }, (_, at) => subtree(at + 20_000));
      const value = wrap(tags.sequence, wrap(tags.context(kind === 'permitted' ? 0 : 1), ...subtrees));
      const authority = await anAuthority('CN=Hostile', {
        parent: world.root,
        extraExtensions: [{ oid: '2.5.29.30', critical: true, value }],
      });
      const names = {
        dns: ['www.contoso.example'],
        ip: Array.from({ length: count }, (_, at) => octets(at).join('.')),
      };
      const leaf = world.leaf({ authority, names }).der;
      const verdict = await quick(() => accept(world.request({ answer: base64([leaf, authority.der]) })));
      expect(verdict).toMatchObject({ state: 'refused', reason: 'chain-broken' });
      expect(verdict).toHaveProperty(
        'detail',
        expect.stringContaining(`${count} name constraints for ${count + 1} names`),
      );
    },
  );
});
