import { Readable } from 'node:stream';
import {
  createDefaultHttpClient,
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';

/** What may happen to a request on its way. */
export type Mishap =
  /** It arrives and is done; the answer never comes. */
  | 'lost-answer'
  /** 502 of a gateway: it never arrives. */
  | 'server-error'
  /** 429 with `Retry-After` of a gateway: it never arrives. */
  | 'throttled'
  /** 400 with half of a reason: it never arrives. */
  | 'half-refusal'
  /** It is done; half of the answer's body comes, and nothing says so. */
  | 'truncated-body'
  /** It is done; the connection ends in the middle of the answer's body. */
  | 'cut-connection';

export const THROTTLED_SECONDS = 120;

/** The way to a CA, whoever it is: what issuers have in place of the network. */
export interface IssuerLine {
  readonly client: HttpClient;
  /** Befalls the next request that asks for a certificate, or with `any` the next one. */
  plant(mishap: Mishap, where?: 'submit' | 'any'): void;
  /** Takes away what has befallen nothing: some issuers ask nobody when they look. */
  clear(): void;
}

export type Submits = (request: { readonly method: string; readonly url: URL }) => boolean;

/** `submits` tells which requests ask for a certificate. */
export function createIssuerLine(submits: Submits): IssuerLine {
  const network = createDefaultHttpClient();
  const planted: { readonly mishap: Mishap; readonly where: 'submit' | 'any' }[] = [];
  const befalling = ({ method, url }: PipelineRequest): Mishap | undefined => {
    const [next] = planted;
    const isNext = next !== undefined && (next.where === 'any' || submits({ method, url: new URL(url) }));
    return isNext ? planted.shift()?.mishap : undefined;
  };
  const client: HttpClient = {
    async sendRequest(request) {
      const mishap = befalling(request);
      if (mishap === 'server-error') return gateway(request, { status: 502 });
      if (mishap === 'throttled')
        return gateway(request, { status: 429, headers: { 'retry-after': String(THROTTLED_SECONDS) } });
      if (mishap === 'half-refusal') return gateway(request, { status: 400, body: '{"status":400,"message":"the req' });
      const answer = await network.sendRequest(request);
      if (mishap === undefined) return answer;
      const body = await bodyOf(answer);
      if (mishap === 'lost-answer') throw cut();
      const half = body.subarray(0, body.length >> 1);
      return { ...answer, readableStreamBody: mishap === 'truncated-body' ? Readable.from([half]) : ending(half) };
    },
  };
  return {
    client,
    plant: (mishap, where = 'submit') => void planted.push({ mishap, where }),
    clear: () => void planted.splice(0),
  };
}

interface Refusal {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function gateway(request: PipelineRequest, refusal: Refusal): PipelineResponse {
  const { status, headers = {}, body = '<html>Bad gateway</html>' } = refusal;
  return {
    request,
    status,
    headers: createHttpHeaders(headers),
    readableStreamBody: Readable.from([Buffer.from(body)]),
  };
}

async function bodyOf({ readableStreamBody, bodyAsText }: PipelineResponse): Promise<Buffer> {
  if (readableStreamBody === undefined) return Buffer.from(bodyAsText ?? '');
  const chunks: Buffer[] = [];
  for await (const chunk of readableStreamBody) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function ending(bytes: Buffer): Readable {
  return Readable.from(
    (async function* () {
      yield bytes;
      throw cut();
    })(),
  );
}

const cut = (): Error => Object.assign(new TypeError('the connection ended'), { code: 'ECONNRESET' });
