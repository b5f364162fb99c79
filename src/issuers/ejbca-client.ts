import { z } from 'zod';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import { RenewalError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp, IssuerRequest } from './http.ts';
import { readJson } from './json-answer.ts';
import { oneLine } from './words.ts';

/** What EJBCA is asked to certify, in the words of its API. */
export interface Enrolment {
  /** PEM of the PKCS#10. */
  readonly csrPem: string;
  readonly certificateAuthority: string;
  readonly certificateProfile: string;
  readonly endEntityProfile: string;
  readonly username: string;
  readonly password: string;
}

export type Enrolled =
  | { readonly state: 'issued'; readonly leaf: CertificateDetails }
  /** Somebody has to approve; `request` is how EJBCA calls that, where it says so. */
  | { readonly state: 'waiting'; readonly request?: number; readonly words: string }
  | { readonly state: 'refused'; readonly words: string };

/** EJBCA's REST API, version 1: the operations that a renewal needs. Throws `RenewalError` with an `issuer-*` code. */
export interface EjbcaClient {
  /** POST /certificate/pkcs10enroll */
  enrol(enrolment: Enrolment): Promise<Enrolled>;
  /** POST /certificate/{request}/finalize: what became of a request that was waiting. */
  finalize(request: number, password: string): Promise<Enrolled>;
  /** POST /certificate/search: the certificates of an end entity. */
  certificatesOf(username: string): Promise<readonly CertificateDetails[]>;
  /** GET /ca/{dn}/certificate/download: the CA of that name and those above it. */
  authorities(dn: string): Promise<readonly CertificateDetails[]>;
  /** PUT /certificate/{dn}/{serial}/revoke. */
  revoke(dn: string, serial: string, reason: string): Promise<Revoked>;
}

export type Revoked =
  | { readonly state: 'revoked' }
  | { readonly state: 'waiting'; readonly words: string }
  | { readonly state: 'refused'; readonly words: string };

const certificateShape = z.looseObject({ certificate: z.string().min(1) });
const foundShape = z.looseObject({ certificates: z.array(certificateShape) });
const waitingShape = z.looseObject({
  request_id: z.coerce.number().int().positive().optional().catch(undefined),
  info_message: z.string().catch(''),
});
const errorShape = z.looseObject({ error_message: z.string() });

/** More certificates than one end entity has ever had of one key. */
const MOST_FOUND = 50;
/** The identity, its role, or a name in the estate file. */
const CONFIGURATION = [401, 403, 404, 405];

export function createEjbcaClient(http: IssuerHttp, url: string, clientCertificate: Credential): EjbcaClient {
  const base = `${new URL(url).origin}/ejbca/ejbca-rest-api/v1`;
  const send = async (operation: string, request: IssuerRequest): Promise<IssuerAnswer> => {
    const answer = await http.send(request);
    if (!CONFIGURATION.includes(answer.status)) return answer;
    if (answer.status !== 404) clientCertificate.forget();
    throw new RenewalError('issuer-misconfigured', `ejbca: ${operation} failed: ${wordsOf(answer)}`);
  };
  const post = (operation: string, path: string, body: object) =>
    send(operation, {
      ...{ method: 'POST', url: `${base}${path}`, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', accept: 'application/json' },
    });
  return {
    enrol: async (wish) =>
      enrolled('pkcs10enroll', await post('pkcs10enroll', '/certificate/pkcs10enroll', shapeOf(wish))),
    async finalize(request, password) {
      const body = { response_format: 'DER', password };
      return enrolled('finalize', await post('finalize', `/certificate/${request}/finalize`, body));
    },
    async certificatesOf(username) {
      const criteria = [{ property: 'QUERY', value: username, operation: 'EQUAL' }];
      const answer = await post('search', '/certificate/search', { max_number_of_results: MOST_FOUND, criteria });
      const found = answer.status === 200 ? readJson(answer, foundShape) : undefined;
      if (found === undefined) throw unusable('search', answer);
      return found.certificates.flatMap(({ certificate }) => certificatesIn('search', certificate));
    },
    async authorities(dn) {
      const path = `${base}/ca/${encodeURIComponent(dn)}/certificate/download`;
      const answer = await send('the download of the CA', { method: 'GET', url: path });
      if (answer.status !== 200) throw unusable('the download of the CA', answer);
      return certificatesIn('the download of the CA', answer.text);
    },
    async revoke(dn, serial, reason) {
      const path = `/certificate/${encodeURIComponent(dn)}/${serial}/revoke?reason=${reason}`;
      const answer = await http.send({ method: 'PUT', url: `${base}${path}`, headers: { accept: 'application/json' } });
      return revoked(answer);
    },
  };
}

function shapeOf({ csrPem, username, password, ...names }: Enrolment): object {
  return {
    certificate_request: csrPem,
    certificate_profile_name: names.certificateProfile,
    end_entity_profile_name: names.endEntityProfile,
    certificate_authority_name: names.certificateAuthority,
    ...{ username, password },
    include_chain: true,
  };
}

function enrolled(operation: string, answer: IssuerAnswer): Enrolled {
  const { status } = answer;
  if (status === 202) return waiting(answer);
  if (status >= 400) return { state: 'refused', words: wordsOf(answer) };
  const read = readJson(answer, certificateShape);
  const [leaf] = read === undefined ? [] : certificatesIn(operation, read.certificate);
  if (leaf !== undefined) return { state: 'issued', leaf };
  throw unusable(operation, answer);
}

/** Older versions tell the number of the request in words alone. */
function waiting(answer: IssuerAnswer): Enrolled {
  const { request_id, info_message = '' } = readJson(answer, waitingShape) ?? {};
  const words = oneLine(info_message);
  const request = request_id ?? Number(/\bid\b\D{0,5}(\d{1,10})\b/i.exec(words)?.[1] ?? Number.NaN);
  return { state: 'waiting', words, ...(Number.isInteger(request) && { request }) };
}

/** A certificate that was revoked before is 409; where somebody has to approve it, it is 202. */
function revoked(answer: IssuerAnswer): Revoked {
  const { status } = answer;
  if (status === 200 || status === 409) return { state: 'revoked' };
  if (status === 202) return { state: 'waiting', words: oneLine(readJson(answer, waitingShape)?.info_message ?? '') };
  return { state: 'refused', words: wordsOf(answer) };
}

/** PEM, or DER in base64 once or, as from some operations, twice. */
function certificatesIn(operation: string, text: string): readonly CertificateDetails[] {
  const isPem = text.includes('-----BEGIN');
  const found = findCertificates(isPem ? text : new Uint8Array(Buffer.from(text, 'base64')));
  try {
    if (found.state === 'read') return found.ders.map(readCertificate);
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'certificate-unreadable') throw error;
  }
  throw new RenewalError('issuer-unreachable', `ejbca: ${operation} failed: what it sent is no certificate`);
}

function unusable(operation: string, answer: IssuerAnswer): RenewalError {
  return new RenewalError('issuer-unreachable', `ejbca: ${operation} failed: ${wordsOf(answer)}`);
}

function wordsOf(answer: IssuerAnswer): string {
  const words = oneLine(readJson(answer, errorShape)?.error_message ?? '');
  return words === '' ? `status ${answer.status}` : `${words} (${answer.status})`;
}
