import { describe, expect, it } from 'vitest';
import { BODY_LIMIT_BYTES } from '../../../src/api/body.ts';
import { problemDocument } from '../../../src/api/problems.ts';
import { readRenewalId, readRenewalRequest } from '../../../src/api/renewal-request.ts';

const json = 'application/json';
const good = { vault: 'shop', certificate: 'TLS' };
const read = (body: unknown) => readRenewalRequest({ contentType: json, body: JSON.stringify(body) });

function problemOf(answer: ReturnType<typeof readRenewalRequest> | ReturnType<typeof readRenewalId>) {
  if (answer.state === 'read') throw new RangeError('a problem was expected');
  return problemDocument.parse(answer.problem);
}

describe('readRenewalRequest', () => {
  const taken = [
    good,
    { ...good, vault: 'https://shop.vault.azure.net' },
    { ...good, vault: 'https://shop.vault.localhost:8443/' },
    { ...good, force: true, comment: 'Leaked on a slide, replace it today.' },
    { ...good, comment: '' },
  ];
  it.each(taken)('takes %j', (body) => {
    expect(read(body)).toEqual({ state: 'read', value: body });
  });

  it.each([json, 'Application/JSON; charset=utf-8', 'application/json;charset="UTF-8"'])('takes %s', (contentType) => {
    expect(readRenewalRequest({ contentType, body: JSON.stringify(good) }).state).toBe('read');
  });

  const types = [null, '', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'];
  it.each(types)('answers 415 to the content type %j', (contentType) => {
    expect(problemOf(readRenewalRequest({ contentType, body: '{}' }))).toMatchObject({
      status: 415,
      code: 'content-type-unsupported',
    });
  });

  it.each(['', '{', '{"vault":}', 'vault=shop'])('answers 400 to the body %j', (body) => {
    const answer = readRenewalRequest({ contentType: json, body });
    expect(problemOf(answer)).toMatchObject({ status: 400, code: 'body-malformed' });
  });

  it('answers 413 to a body that is too large in bytes', () => {
    const body = JSON.stringify({ ...good, comment: 'ü'.repeat(BODY_LIMIT_BYTES / 2) });
    const answer = readRenewalRequest({ contentType: json, body });
    expect(problemOf(answer)).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  const wrong: [string, unknown, string, RegExp][] = [
    ['a missing vault', { certificate: 'tls' }, 'vault', /^is missing$/],
    ['a vault by http', { ...good, vault: 'http://shop.vault.azure.net' }, 'vault', /^is "http:/],
    ['a vault with a path', { ...good, vault: 'https://shop.vault.azure.net/keys' }, 'vault', /^is "https:/],
    ['a certificate that climbs', { ...good, certificate: '..' }, 'certificate', /^is "\.\."$/],
    ['a certificate with a query', { ...good, certificate: 'a?b' }, 'certificate', /^is "a\?b"$/],
    ['a certificate in percents', { ...good, certificate: 'a%2fb' }, 'certificate', /^is "a%2fb"$/],
    ['a name of 10 kB', { ...good, certificate: 'a'.repeat(10_240) }, 'certificate', /^is a text of 10240 characters$/],
    ['a certificate that is a number', { ...good, certificate: 7 }, 'certificate', /^is 7$/],
    ['a force that is a word', { ...good, force: 'yes' }, 'force', /^is "yes"$/],
    ['a comment with a line break', { ...good, comment: 'a\nb' }, 'comment', /^is a text of 3 characters$/],
    ['a field that is unknown', { ...good, forse: true }, 'forse', /^is no known key$/],
    ['a field of JavaScript', JSON.parse('{"vault":"shop","certificate":"a","__proto__":1}'), '__proto__', /no known/],
    ['a list', [good], 'body', /^is a list$/],
    ['nothing', null, 'body', /^is empty$/],
  ];
  it.each(wrong)('answers 422 to %s and names the field', (_title, body, field, problem) => {
    const { status, code, errors } = problemOf(read(body));
    expect({ status, code }).toEqual({ status: 422, code: 'request-invalid' });
    expect(errors).toEqual([
      { field, problem: expect.stringMatching(problem), fix: expect.stringMatching(/^(write|remove)/) },
    ]);
  });

  it('names all wrong fields at once', () => {
    const { errors } = problemOf(read({ vault: '', certificate: '', force: 1, more: 1 }));
    expect(errors?.map(({ field }) => field)).toEqual(['vault', 'certificate', 'force', 'more']);
  });
});

describe('readRenewalId', () => {
  it('takes the id of a renewal', () => {
    expect(readRenewalId('shop-tls-crc3ri6b3ic6osbe')).toEqual({ state: 'read', value: 'shop-tls-crc3ri6b3ic6osbe' });
  });

  it.each([undefined, '', '..', 'a?b', 'a%2fb', 'x'.repeat(10_240)])('answers 400 to any other (%#)', (text) => {
    const problem = problemOf(readRenewalId(text));
    expect(problem).toMatchObject({ status: 400, code: 'id-invalid' });
    expect(JSON.stringify(problem).length).toBeLessThan(500);
  });
});
