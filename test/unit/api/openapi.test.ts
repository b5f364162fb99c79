import { describe, expect, it } from 'vitest';
import { openApi } from '../../../src/api/openapi.ts';
import { outcomes, reasons } from '../../../src/renewal/outcomes.ts';

interface Described {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

const document = openApi() as Described;
const { schemas } = document.components;

describe('openApi', () => {
  it('names every operation once', () => {
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = operations.flatMap(({ operationId }) => operationId ?? []);
    expect(ids).toEqual([
      'listRenewals',
      'startRenewal',
      'listOrders',
      'getCsr',
      'uploadChain',
      'rejectOrder',
      'orderCallback',
      'workerCall',
      'workerAnswer',
      'getOpenApi',
      'getHealth',
      'getSweep',
      'getReaders',
      'getUses',
      'getCertificateUses',
      'revokeCertificate',
      'getRenewal',
      'cancelRenewal',
      'resumeRenewal',
    ]);
    expect(document.openapi).toBe('3.1.0');
  });

  it('holds every schema that it refers to, and no other', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target);
    const known = Object.keys(schemas).map((name) => `#/components/schemas/${name}`);
    expect(new Set(references)).toEqual(new Set(known));
  });

  it('describes the body of a request as the app checks it', () => {
    expect(schemas.RenewalRequest).toMatchObject({
      type: 'object',
      required: ['vault', 'certificate'],
      additionalProperties: false,
      properties: { certificate: { pattern: '^[0-9A-Za-z-]{1,127}$' }, force: { type: 'boolean' } },
    });
  });

  it('lists every outcome and every reason', () => {
    expect(schemas.Outcome?.enum).toEqual(Object.keys(outcomes));
    expect(schemas.Reason?.enum).toEqual(Object.keys(reasons));
  });

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
