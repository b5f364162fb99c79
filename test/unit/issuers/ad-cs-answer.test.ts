import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decideAnswer } from '../../../src/issuers/ad-cs-answer.ts';
import { aWorld } from '../../builders/certificates.ts';
import { relayedOrder } from '../../contract/issuer-store-suite.ts';

const world = await aWorld();
const order = relayedOrder('r', { csr: Buffer.from(world.csr.der).toString('base64'), worker: 'ca01', attempt: 1 });
const numbered = 'RequestId: 24\r\nRequestId: "24"\r\n';
const said = (output: string, exitCode = 0, certificates = '') =>
  decideAnswer(order, { outcome: 'ran', exitCode, output, certificates }, 900);

describe('what certreq has said', () => {
  it('is issued where there is a certificate', () => {
    const issued = said(`${numbered}Certificate retrieved(Issued) Issued`, 0, world.leaf().chainPem);
    expect(issued).toMatchObject({ state: 'issued', requestId: '24' });
  });

  it.each([
    `${numbered}Certificate request is pending: Taken Under Submission (0)`,
    'Anforderungs-ID: 24\r\nAnforderungs-ID: "24"\r\nDie Zertifikatanforderung steht aus: Zur Verwaltung angenommen (0)',
    `${numbered}The RPC server is unavailable. 0x800706ba`,
  ])('waits under its number: %j', (output) => {
    const change = said(output);
    expect(change).toMatchObject({ requestId: '24', againSeconds: 900 });
    expect(change.state).toBeUndefined();
  });

  it.each([
    [`${numbered}Certificate not issued (Denied) Denied by CONTOSO\\manager`, 'Denied by CONTOSO'],
    [`${numbered}Denied by Policy Module 0x80094812, CERTSRV_E_SUBJECT_EMAIL_REQUIRED`, '0x80094812'],
    ['Access is denied. 0x80070005 (WIN32: 5 ERROR_ACCESS_DENIED)', 'Access is denied'],
    ['', 'certreq ended with 0 and said nothing'],
  ])('is a refusal: %j', (output, words) => {
    expect(said(output)).toMatchObject({ state: 'rejected', reason: expect.stringContaining(words) });
  });

  it('lets nobody submit twice who may have submitted', () => {
    expect(said('The RPC server is unavailable. 0x800706ba')).toMatchObject({ attempt: 2, againSeconds: 300 });
    const failed = said('The remote procedure call failed. 0x800706be');
    expect(failed).toMatchObject({ state: 'rejected' });
  });

  it('is cut, and one line', () => {
    const { reason = '' } = said(`Denied\u0007 (Denied)\r\n${'x'.repeat(900)}`);
    expect(reason).toHaveLength(500);
    expect(reason).toMatch(/^Denied \(Denied\) x+$/);
  });

  it('is nothing where a private key is in it', () => {
    expect(said(numbered, 0, world.keys.pkcs8Pem)).toMatchObject({
      state: 'rejected',
      reason: expect.stringMatching(/private key/),
    });
  });
});

describe('the script of the worker, which nobody executes here', () => {
  const script = readFileSync(new URL('../../../relay/ad-cs-worker.ps1', import.meta.url), 'utf8');

  it('stays short, and runs certreq and nothing else', () => {
    expect(script.split('\n').length).toBeLessThan(150);
    expect([...script.matchAll(/(?:^|[\s(])& (\S+)/g)].map(([, program]) => program)).toEqual([
      '"$env:SystemRoot\\System32\\certreq.exe"',
    ]);
    expect(script).not.toMatch(
      /Invoke-Expression|\biex\b|cmd(?:\.exe)?\b|Start-Process|ScriptBlock|powershell(?:\.exe)? -/i,
    );
  });

  it('looks at CA and template as strictly as the estate file', () => {
    const source = readFileSync(new URL('../../../src/plan/issuers/ad-cs.ts', import.meta.url), 'utf8');
    const strict = (name: string) => new RegExp(`const ${name} = /\\^(.*)\\$/;`).exec(source)?.[1];
    const second = (name: string) => new RegExp(`${name} += '\\\\A(.*)\\\\z'`).exec(script)?.[1];
    const plain = (text = '?') => text.replaceAll('(?:', '(').replaceAll('\\d', '[0-9]');
    expect(second('ca')).toBe(plain(strict('CA')));
    expect(second('template')).toBe(plain(strict('TEMPLATE')));
  });
});
