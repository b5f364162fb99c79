import { createHttps, type Https, type HttpsAnswer, type HttpsOptions, type HttpsRequest } from '../https-client.ts';

export interface IssuerHttpOptions extends Omit<HttpsOptions, 'who' | 'side' | 'shown'> {
  /** Kind of the issuer, for messages. */
  readonly issuer: string;
}

export type IssuerRequest = HttpsRequest;
export type IssuerAnswer = HttpsAnswer;
/** Throws `RenewalError` with an `issuer-*` code. */
export type IssuerHttp = Https;

/** HTTP as issuers are spoken to. */
export function createIssuerHttp({ issuer, ...options }: IssuerHttpOptions): IssuerHttp {
  return createHttps({ ...options, who: issuer, side: 'issuer' });
}
