import { readFileSync } from 'node:fs';
import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { ManualClock } from '../../../local/clock.ts';
import type { VaultConnection } from '../../../src/vault/connection.ts';

export const vault = 'https://unit.vault.azure.net';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

type Reply = Answer | Error;

/** An HTTP client without sockets: answers what was scripted for a method and path, in order, the last one for ever. */
export class ScriptedVault implements HttpClient {
  /** `METHOD path` of every call that carried a token. */
  readonly calls: string[] = [];
  readonly bodies: unknown[] = [];
  readonly #script = new Map<string, Reply[]>();
  /** Holds the 401 back until released, so that a test can have two first calls under way. */
  challenge: (request: PipelineRequest) => Promise<void> = async () => {};

  on(call: string, ...replies: Reply[]): this {
    this.#script.set(call, replies);
    return this;
  }

  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    if (request.abortSignal?.aborted) throw Object.assign(new Error('aborted'), { name: 'AbortError' });
    if (!request.headers.has('authorization')) {
      await this.challenge(request);
      return respond(request, challenged);
    }
    const call = `${request.method} ${new URL(request.url).pathname}`;
    this.calls.push(call);
    this.bodies.push(typeof request.body === 'string' ? JSON.parse(request.body) : request.body);
    const replies = this.#script.get(call) ?? [refusal(404, 'CertificateNotFound', 'nothing scripted')];
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    if (reply === undefined || reply instanceof Error) throw reply;
    return respond(request, reply);
  }
}

const challenged: Answer = {
  status: 401,
  headers: {
    'www-authenticate': 'Bearer authorization="https://login.windows.net/tenant", resource="https://vault.azure.net"',
  },
};

function respond(request: PipelineRequest, { status, body, headers = {} }: Answer): PipelineResponse {
  return {
    request,
    status,
    headers: createHttpHeaders({ 'content-type': 'application/json; charset=utf-8', ...headers }),
    bodyAsText: body === undefined ? '' : JSON.stringify(body),
  };
}

export function refusal(status: number, code: string, message: string, innerCode?: string): Answer {
  return { status, body: { error: { code, message, ...(innerCode && { innererror: { code: innerCode } }) } } };
}

/** base64 DER of a PEM fixture. */
export function fixture(name: 'leaf' | 'other' | 'request' | 'ca'): string {
  const pem = readFileSync(new URL(`./fixtures/${name}.pem`, import.meta.url), 'utf8');
  return pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
}

export function bundle(cer: 'leaf' | 'other' | undefined, tags: Record<string, string> = {}): unknown {
  const version = cer === 'leaf' ? 'b'.repeat(32) : 'a'.repeat(32);
  return {
    id: `${vault}/certificates/shop/${version}`,
    ...(cer && { cer: fixture(cer), x5t: 'AAAA', kid: `${vault}/keys/shop/${version}` }),
    attributes: { enabled: cer !== undefined, nbf: 1_700_000_000, exp: 1_800_000_000, created: 1_700_000_600 },
    tags,
    policy: livePolicy,
  };
}

export const livePolicy = {
  id: `${vault}/certificates/shop/policy`,
  key_props: { exportable: true, kty: 'EC-HSM', key_size: 256, crv: 'P-256', reuse_key: true },
  secret_props: { contentType: 'application/x-pkcs12' },
  x509_props: {
    subject: 'CN=shop.contoso.example',
    sans: { dns_names: ['shop.contoso.example', 'www.contoso.example'], emails: ['shop@contoso.example'] },
    ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    key_usage: ['digitalSignature', 'keyEncipherment'],
    validity_months: 6,
  },
  lifetime_actions: [{ trigger: { days_before_expiry: 30 }, action: { action_type: 'AutoRenew' } }],
  issuer: { name: 'Self' },
};

export function operation(changes: Record<string, unknown> = {}): unknown {
  return {
    id: `${vault}/certificates/shop/pending`,
    issuer: { name: 'Unknown' },
    csr: fixture('request'),
    cancellation_requested: false,
    status: 'inProgress',
    request_id: '0123456789abcdef0123456789abcdef',
    ...changes,
  };
}

export function connection(httpClient: HttpClient): VaultConnection {
  return {
    credential: { getToken: async () => ({ token: 'secret-token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    verifyChallenge: true,
    clock: new ManualClock(new Date('2026-03-01T00:00:00Z')),
    httpClient,
    retries: { count: 3, firstDelayMilliseconds: 1 },
  };
}
