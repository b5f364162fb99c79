import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { KeyVersion } from '../vault/port.ts';
import { signJws } from './acme-jws.ts';
import { type AcmeProblem, problemOf, throwUnlessRefusal } from './acme-problem.ts';
import type { IssuerAnswer, IssuerHttp } from './http.ts';

/** Who signs a request: a key, and the account's URL once there is one. */
export interface Signatory {
  readonly key: Pick<KeyVersion, 'jwk' | 'sign'>;
  readonly account: string | undefined;
}

export type AcmeAnswer =
  | { readonly state: 'done'; readonly answer: IssuerAnswer; readonly body: unknown }
  | { readonly state: 'problem'; readonly problem: AcmeProblem };

/** An ACME server (RFC 8555) as it is spoken to. Throws `RenewalError` with an `issuer-*` code. */
export interface AcmeClient {
  directory(): Promise<Directory>;
  /** A POST that is signed; without `payload` a POST-as-GET. Bad nonces are tried again with another one. */
  post(url: string, by: Signatory, payload?: unknown): Promise<AcmeAnswer>;
  /** A GET that nobody signs: renewal information (RFC 9773). */
  get(url: string): Promise<IssuerAnswer>;
}

const urlText = z.string().startsWith('https://');
const directoryShape = z.looseObject({
  newNonce: urlText,
  newAccount: urlText,
  newOrder: urlText,
  revokeCert: urlText.optional(),
  keyChange: urlText.optional(),
  renewalInfo: urlText.optional(),
  meta: z
    .looseObject({
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
});
export type Directory = z.output<typeof directoryShape>;

/** A server that refuses half of all nonces is got over nearly always. */
const MOST_NONCES = 20;
const NONCES_KEPT = 20;

/** `directoryUrl` is the one address that is configured: all others are the server's own, of the same host. */
export function createAcmeClient(http: IssuerHttp, directoryUrl: string): AcmeClient {
  let known: Promise<Directory> | undefined;
  const nonces: string[] = [];
  const directory = (): Promise<Directory> => {
    const reading = known ?? readDirectory(http, directoryUrl);
    known = reading;
    reading.catch(() => {
      if (known === reading) known = undefined;
    });
    return reading;
  };
  const keepNonce = ({ header }: IssuerAnswer): void => {
    const nonce = header('replay-nonce');
    if (nonce !== undefined && /^[\w-]+$/.test(nonce) && nonces.length < NONCES_KEPT) nonces.push(nonce);
  };
  const takeNonce = async (): Promise<string> => {
    if (nonces.length === 0) keepNonce(await http.send({ method: 'HEAD', url: (await directory()).newNonce }));
    const nonce = nonces.pop();
    if (nonce === undefined) throw new RenewalError('issuer-unreachable', 'acme: newNonce answered without a nonce');
    return nonce;
  };
  const send = async (url: string, { key, account }: Signatory, payload: unknown): Promise<IssuerAnswer> => {
    const by = account === undefined ? 'jwk' : { kid: account };
    const jws = await signJws(key, { url, nonce: await takeNonce(), by }, payload);
    const headers = { 'content-type': 'application/jose+json' };
    const answer = await http.send({ method: 'POST', url, headers, body: JSON.stringify(jws), handsOn: [429] });
    keepNonce(answer);
    return answer;
  };
  return {
    directory,
    get: (url) => http.send({ method: 'GET', url: ownUrl(directoryUrl, url) }),
    async post(text, by, payload) {
      const url = ownUrl(directoryUrl, text);
      for (let tries = 1; ; tries++) {
        const answer = await send(url, by, payload);
        if (answer.status < 400) return { state: 'done', answer, body: bodyOf(answer) };
        const problem = problemOf(answer);
        if (problem.type === 'badNonce' && tries < MOST_NONCES) continue;
        throwUnlessRefusal(`POST ${new URL(url).pathname}`, problem);
        return { state: 'problem', problem };
      }
    },
  };
}

async function readDirectory(http: IssuerHttp, url: string): Promise<Directory> {
  const answer = await http.send({ method: 'GET', url });
  const read = directoryShape.safeParse(bodyOf(answer));
  if (answer.status === 200 && read.success) return read.data;
  throw new RenewalError('issuer-misconfigured', `acme: ${url} answered ${answer.status} without an ACME directory`);
}

/** A certificate is PEM, everything else is JSON; what is neither is read by nobody. */
export function bodyOf({ text, header }: IssuerAnswer): unknown {
  if (!/\bjson\b/.test(header('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RenewalError('issuer-unreachable', 'acme: an answer is not the JSON that it says it is');
  }
}

/** A URL that the server named. A signature goes with it, so that it must lead to the server itself. */
function ownUrl(directoryUrl: string, text: string): string {
  const url = URL.canParse(text, directoryUrl) ? new URL(text, directoryUrl) : undefined;
  if (url?.origin === new URL(directoryUrl).origin) return url.href;
  throw new RenewalError(
    'issuer-misconfigured',
    `acme: the server points to another host: ${url?.host ?? 'not a URL'}`,
  );
}
