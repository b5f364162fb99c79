import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Authority,
  type CertificateWish,
  createAuthority,
  createKeys,
  issue,
  selfSign,
} from '../../../local/pki.ts';
import { type ChainToJudge, chainProblem } from '../../../src/targets/chain-problem.ts';

const [from, to] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-04-01T00:00:00Z')];
const now = new Date('2026-02-01T00:00:00Z');
const host = 'www.contoso.example';
const x509 = (pem: string): X509Certificate => new X509Certificate(pem);

let root: Authority;
let issuing: Authority;
let stranger: Authority;
beforeAll(async () => {
  const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
  root = await createAuthority({ subject: 'CN=Root', ...life });
  issuing = await createAuthority({ subject: 'CN=Issuing', ...life, parent: root });
  stranger = await createAuthority({ subject: 'CN=Issuing', ...life });
});

async function leafOf(authority: Authority, wish: Partial<CertificateWish> = {}): Promise<X509Certificate> {
  const made = await issue(authority, {
    subject: `CN=${host}`,
    names: { dns: [host] },
    notBefore: from,
    notAfter: to,
    ...wish,
  });
  return x509(made.pem);
}

const judge = (sent: readonly X509Certificate[], more: Partial<ChainToJudge> = {}): string | undefined =>
  chainProblem({ sent, roots: [x509(root.pem)], host, now, ...more });

describe('chainProblem', () => {
  it('finds nothing wrong with a chain that leads to a root', async () => {
    const leaf = await leafOf(issuing);
    expect(judge([leaf, x509(issuing.pem)])).toBeUndefined();
    expect(judge([leaf, x509(issuing.pem), x509(root.pem)])).toBeUndefined();
    expect(judge([await leafOf(root)])).toBeUndefined();
  });

  it.each([
    ['the issuer comes after the root', () => [root, issuing]],
    ['something else comes before the issuer', () => [stranger, issuing]],
    ['the issuer comes last', () => [root, stranger, issuing]],
  ])('calls it out of order when %s', async (_, others) => {
    const leaf = await leafOf(issuing);
    const sent = others().map(({ pem }) => x509(pem));
    expect(judge([leaf, ...sent])).toBe(`the chain is sent out of order: "CN=${host}" is not followed by its issuer`);
  });

  it('names the certificate after which the order is lost', async () => {
    const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
    const lower = await createAuthority({ subject: 'CN=Lower', ...life, parent: issuing });
    const leaf = await leafOf(lower);
    const [low, high, top] = [lower, issuing, root].map(({ pem }) => x509(pem));
    if (low === undefined || high === undefined || top === undefined) throw new TypeError('three authorities');
    expect(judge([leaf, low, high])).toBeUndefined();
    expect(judge([leaf, low, top, high])).toBe(
      'the chain is sent out of order: "CN=Lower" is not followed by its issuer',
    );
  });

  it('does not mind what comes after the path', async () => {
    const leaf = await leafOf(issuing);
    expect(judge([leaf, x509(issuing.pem), x509(stranger.pem), x509(root.pem)])).toBeUndefined();
  });

  it('takes a pinned certificate as it is', async () => {
    const leaf = await leafOf(stranger);
    expect(judge([leaf], { roots: [leaf] })).toBeUndefined();
  });

  it('misses an intermediate that was not sent', async () => {
    expect(judge([await leafOf(issuing)])).toContain(`no certificate at hand issued CN=${host}`);
  });

  it('refuses a root that is not known', async () => {
    const leaf = await leafOf(stranger);
    expect(judge([leaf, x509(stranger.pem)])).toContain('no certificate at hand issued CN=Issuing');
  });

  it('refuses an issuer that only has the right name', async () => {
    const leaf = await leafOf(issuing);
    expect(judge([leaf, x509(stranger.pem)], { roots: [x509(stranger.pem)] })).toContain('no certificate at hand');
  });

  it('refuses an issuer that is no authority', async () => {
    const between = await issue(root, { subject: 'CN=Between', notBefore: from, notAfter: to });
    const forger: Authority = { ...issuing, ...between, root: root.details, rootPem: root.pem };
    expect(judge([await leafOf(forger), x509(between.pem)])).toContain('CN=Between is not an authority');
  });

  it.each([
    ['a certificate of tomorrow', '2025-12-31T23:59:59Z', 'is not valid before 2026-01-01T00:00:00.000Z'],
    ['a certificate of yesterday', '2026-04-01T00:00:01Z', 'has expired at 2026-04-01T00:00:00.000Z'],
    ['a chain whose root has expired', '2041-01-01T00:00:00Z', 'CN=Root expired at 2040-01-01T00:00:00.000Z'],
  ])('refuses %s', async (what, moment, problem) => {
    const notAfter = what.includes('root') ? new Date('2050-01-01T00:00:00Z') : to;
    const found = judge([await leafOf(root, { notAfter })], { now: new Date(moment) });
    expect(found).toContain(problem);
  });

  it.each([
    ['the alternative name', [host], true],
    ['a wildcard', ['*.contoso.example'], true],
    ['another name', ['shop.contoso.example'], false],
    ['the common name alone', [], false],
  ])('asks for %s', async (_, dns, holds) => {
    const found = judge([await leafOf(root, { names: { dns } })]);
    expect(found).toBe(holds ? undefined : `the certificate is not for ${host}`);
  });

  it.each([
    ['may not sign certificates', { keyUsage: ['cRLSign'] as const }, 'may not sign certificates for TLS servers'],
    ['is for code signing', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.3'] }, 'may not sign certificates for TLS servers'],
    ['allows nobody below it and has somebody', { pathLength: 0 }, 'allows fewer authorities below it'],
  ])('refuses an issuer that %s', async (_, wish, problem) => {
    const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
    const upper = await createAuthority({ subject: 'CN=Upper', ...life, parent: root, ...wish });
    const lower = await createAuthority({ subject: 'CN=Lower', ...life, parent: upper });
    const sent = [await leafOf(lower), x509(lower.pem), x509(upper.pem)];
    expect(judge(sent)).toContain(problem);
  });

  it('judges a hundred certificates that all sign each other within a second', async () => {
    const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
    const keys = await createKeys('P-256');
    const serials = Array.from({ length: 100 }, (_, at) => `11223344556677${(at + 16).toString(16)}`);
    const ring = serials.map((serial) =>
      selfSign({ subject: 'CN=Ring', ...life, serial, isCa: true, keyUsage: ['keyCertSign'] }, keys),
    );
    const [first] = ring;
    if (first === undefined) throw new TypeError('a ring');
    const leaf = await leafOf({ ...first, root: first.details, rootPem: first.pem });
    const before = process.cpuUsage();
    expect(judge([leaf, ...ring.map(({ pem }) => x509(pem))])).toContain('no certificate at hand');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  });

  it('says so when nothing was sent', () => {
    expect(judge([])).toBe('the server sent no certificate');
  });
});
