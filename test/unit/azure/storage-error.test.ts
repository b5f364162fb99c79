import { RestError } from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import { storageError, storageStatus } from '../../../src/azure/storage-error.ts';
import { RenewalError } from '../../../src/errors.ts';

describe('storageError', () => {
  it.each([
    [undefined, 'storage-unreachable'],
    [400, 'bug'],
    [401, 'storage-unreachable'],
    [403, 'storage-unreachable'],
    [404, 'storage-unreachable'],
    [409, 'storage-conflict'],
    [412, 'storage-conflict'],
    [413, 'bug'],
    [429, 'storage-unreachable'],
    [503, 'storage-unreachable'],
  ] as const)('maps status %s to %s', (statusCode, code) => {
    const error = new RestError('text of the service', statusCode === undefined ? {} : { statusCode, code: 'Some' });
    expect(storageError('estate: read', error)).toMatchObject({
      code,
      message: expect.stringContaining('estate: read'),
    });
    expect(storageStatus(error)).toBe(statusCode);
  });

  it('leaves out what the service wrote', () => {
    const error = new RestError('Authorization: Bearer abc', { statusCode: 403, code: 'AuthorizationFailure' });
    expect(storageError('estate: read', error).message).toBe('estate: read failed: 403 AuthorizationFailure');
    expect(storageError('estate: read', error).cause).toBeUndefined();
  });

  it('passes on an error that is one of ours', () => {
    const ours = new RenewalError('journal-corrupt', 'broken');
    expect(storageError('journal: read', ours)).toBe(ours);
  });

  it('names an error of another kind by its name only', () => {
    expect(storageError('estate: read', new TypeError('x')).message).toBe('estate: read failed: no answer TypeError');
    expect(storageError('estate: read', new TypeError('x')).cause).toBeInstanceOf(TypeError);
    expect(storageStatus('text')).toBeUndefined();
  });
});
