import {
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
} from '@azure/core-rest-pipeline';
import { TableClient } from '@azure/data-tables';
import { CertificateClient } from '@azure/keyvault-certificates';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { sendTraceHeaders } from '../../../src/azure/trace-headers.ts';
import { inTrace, newTrace } from '../../../src/trace.ts';
import { traceIdOf } from '../../../src/trace-parent.ts';

const trace = newTrace('a renewal');
const credential = { getToken: async () => ({ token: 'none', expiresOnTimestamp: 8e15 }) };

/** A network that notes the header of every request, and answers the first ones with a server error. */
function noting(failures = 0) {
  const sent: (string | undefined)[] = [];
  const httpClient: HttpClient = {
    async sendRequest(request) {
      sent.push(request.headers.get('traceparent'));
      const status = sent.length <= failures ? 500 : request.method === 'PUT' ? 201 : 200;
      // Storage's client asks for its headers as an older pipeline names it.
      const headers = Object.assign(createHttpHeaders({ etag: '"1"' }), { toJson: () => ({ etag: '"1"' }) });
      return { request, status, headers, bodyAsText: '{}' };
    },
  };
  return { sent, httpClient };
}

let spans = 0;
function counted(bytes: number): Buffer {
  const span = Buffer.alloc(bytes);
  span.writeUInt32BE(++spans, bytes - 4);
  return span;
}

sendTraceHeaders(counted);

describe('the header traceparent', () => {
  it('is sent by every client, in the trace of what runs', async () => {
    const { sent, httpClient } = noting();
    const options = { httpClient, retryOptions: { maxRetries: 0 } };
    const vault = new CertificateClient('https://contoso.vault.azure.net', credential, options);
    const table = new TableClient('https://contoso.table.core.windows.net', 'rows', credential, options);
    const blobs = new BlobServiceClient('https://contoso.blob.core.windows.net', credential, {
      httpClient: httpClient as never,
    });
    const arm = createPipelineFromOptions({});
    await inTrace(trace, async () => {
      await vault.getCertificatePolicy('shop');
      await table.getEntity('a', 'b');
      await blobs.getContainerClient('journal').getAppendBlobClient('a').appendBlock('x', 1);
      await arm.sendRequest(httpClient, createPipelineRequest({ url: 'https://management.azure.com/a' }));
    });
    expect(sent.length).toBeGreaterThanOrEqual(4);
    expect(new Set(sent.map(traceIdOf))).toEqual(new Set([traceIdOf(trace)]));
    expect(new Set(sent).size).toBe(sent.length);
  });

  it('has a span of its own for every try', async () => {
    const { sent, httpClient } = noting(1);
    const request = createPipelineRequest({ url: 'https://management.azure.com/a' });
    const pipeline = createPipelineFromOptions({ retryOptions: { retryDelayInMs: 1 } });
    await inTrace(trace, () => pipeline.sendRequest(httpClient, request));
    expect(sent).toHaveLength(2);
    expect(sent[0]).not.toBe(sent[1]);
  });

  it('is not sent outside of a trace', async () => {
    const { sent, httpClient } = noting();
    const request = createPipelineRequest({ url: 'https://management.azure.com/a' });
    await createPipelineFromOptions({}).sendRequest(httpClient, request);
    expect(sent).toEqual([undefined]);
  });
});
