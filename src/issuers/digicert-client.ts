import type { HttpMethods } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { oneLine } from './words.ts';

/** The CertCentral Services API. Throws `RenewalError` with an `issuer-*` code; never says what the key is. */
export interface DigicertClient {
  /** Answers of every status but those that say that nobody is to ask, or not now. `path` begins with a slash. */
  call(method: HttpMethods, path: string, body?: object): Promise<IssuerAnswer>;
  /** As `call`, for what is answered by JSON of this shape. 404 is `undefined`. */
  read<T>(path: string, shape: z.ZodType<T>): Promise<T | undefined>;
}

export interface DigicertClientOptions {
  readonly http: IssuerHttp;
  readonly url: string;
  readonly apiKey: Credential;
  readonly clock: Pick<Clock, 'now'>;
}

/** dev.digicert.com, rate limits: 100 requests in five seconds for a key, which others use as well. */
const WINDOW = { calls: 80, milliseconds: 5000 } as const;
/** No Retry-After is documented: each 429 in a row waits twice as long. */
const BACK_OFF = { first: 5, longest: 180 } as const;

export function createDigicertClient({ http, url, apiKey, clock }: DigicertClientOptions): DigicertClient {
  const base = url.replace(/\/+$/, '');
  const sent: number[] = [];
  let refusals = 0;
  const call: DigicertClient['call'] = async (method, path, body) => {
    const at = `digicert: ${method} ${path.split('?')[0]} failed`;
    const now = clock.now().getTime();
    while ((sent[0] ?? now) <= now - WINDOW.milliseconds) sent.shift();
    if (sent.length >= WINDOW.calls) throw throttled(`${at}: our own limit`, WINDOW.milliseconds / 1000);
    sent.push(now);
    const headers = {
      'x-dc-devkey': await apiKey.value(),
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await http.send({ method, url: `${base}${path}`, headers, ...text, handsOn: [429] });
    if (answer.status === 429) {
      const wait = Math.min(BACK_OFF.first * 2 ** refusals, BACK_OFF.longest);
      refusals += 1;
      throw throttled(`${at}: ${wordsOf(answer)}`, answer.retryAfterSeconds ?? wait);
    }
    refusals = 0;
    if (answer.status !== 401 && answer.status !== 403) return answer;
    apiKey.forget();
    throw new RenewalError('issuer-misconfigured', `${at}: the API key is refused: ${wordsOf(answer)}`);
  };
  return {
    call,
    async read(path, shape) {
      const answer = await call('GET', path);
      if (answer.status === 404) return undefined;
      const read = answer.status === 200 ? readJson(answer, shape) : undefined;
      if (read !== undefined) return read;
      const told = answer.status === 200 ? 'the answer cannot be read' : wordsOf(answer);
      throw new RenewalError('issuer-unreachable', `digicert: GET ${path.split('?')[0]} failed: ${told}`);
    },
  };
}

function throttled(message: string, retryAfterSeconds: number): RenewalError {
  return new RenewalError('issuer-throttled', message, { retryAfterSeconds });
}

const errorsShape = z.looseObject({
  errors: z.array(z.looseObject({ code: z.string().catch(''), message: z.string().catch('') })).min(1),
});

/** `errors` of an answer, in the CA's own words. */
export function wordsOf(answer: IssuerAnswer): string {
  const errors = readJson(answer, errorsShape)?.errors ?? [];
  const told = errors.map(({ code, message }) => `${message || 'no message'}${code === '' ? '' : ` (${code})`}`);
  return oneLine(told.length === 0 ? `status ${answer.status}` : told.join('; '));
}
