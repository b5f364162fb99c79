import type { EmulatorResponse } from '../../emulator.ts';

/** RFC 8555 6.7, `alreadyReplaced` of RFC 9773 and `invalidProfile` of draft-ietf-acme-profiles. */
export type ProblemType =
  | 'accountDoesNotExist'
  | 'alreadyReplaced'
  | 'alreadyRevoked'
  | 'badCSR'
  | 'badNonce'
  | 'badPublicKey'
  | 'badRevocationReason'
  | 'badSignatureAlgorithm'
  | 'caa'
  | 'compound'
  | 'connection'
  | 'dns'
  | 'externalAccountRequired'
  | 'invalidContact'
  | 'invalidProfile'
  | 'malformed'
  | 'orderNotReady'
  | 'rateLimited'
  | 'rejectedIdentifier'
  | 'serverInternal'
  | 'unauthorized'
  | 'unsupportedContact'
  | 'unsupportedIdentifier'
  | 'userActionRequired';

export interface Identifier {
  readonly type: 'dns';
  /** Lower case; a wildcard begins with `*.`. */
  readonly value: string;
}

/** A problem document (RFC 7807) as it stands in an answer, in an order or in a challenge. */
export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly identifier?: Identifier;
  readonly subproblems?: readonly ProblemDocument[];
}

export interface ProblemExtra {
  /** 400 unless RFC 8555 or the servers in use have another. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly subproblems?: readonly ProblemDocument[];
  /** Members of single types: `algorithms` of badSignatureAlgorithm. */
  readonly members?: Readonly<Record<string, unknown>>;
}

const usualStatus: Partial<Record<ProblemType, number>> = {
  alreadyReplaced: 409,
  externalAccountRequired: 403,
  orderNotReady: 403,
  rateLimited: 429,
  serverInternal: 500,
  unauthorized: 403,
  userActionRequired: 403,
  caa: 403,
};

/** A refusal of the ACME server. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  readonly type: ProblemType;
  readonly status: number;
  readonly extra: ProblemExtra;

  constructor(type: ProblemType, detail: string, extra: ProblemExtra = {}) {
    super(detail);
    this.type = type;
    this.status = extra.status ?? usualStatus[type] ?? 400;
    this.extra = extra;
  }

  /** As it stands in orders and challenges. */
  toDocument(): ProblemDocument {
    const { subproblems } = this.extra;
    return { ...problem(this.type, this.message), status: this.status, ...(subproblems && { subproblems }) };
  }

  toResponse(): EmulatorResponse {
    const { headers, members } = this.extra;
    return {
      status: this.status,
      headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers },
      body: JSON.stringify({ ...this.toDocument(), ...members }),
    };
  }
}

/** A problem document without status, as subproblems are. */
export function problem(type: ProblemType, detail: string, identifier?: Identifier): ProblemDocument {
  return { type: `urn:ietf:params:acme:error:${type}`, detail, ...(identifier && { identifier }) };
}

export const malformed = (detail: string, status = 400): AcmeProblem =>
  new AcmeProblem('malformed', detail, { status });
export const unauthorized = (detail: string): AcmeProblem => new AcmeProblem('unauthorized', detail);

/** Several problems of single identifiers as one, a single one as itself (RFC 8555 6.7.1). */
export function compound(type: ProblemType, parts: readonly ProblemDocument[]): AcmeProblem {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return new AcmeProblem(type, first?.detail ?? '');
  const rest = `(and ${parts.length - 1} more problems. Refer to sub-problems for more information.)`;
  return new AcmeProblem(type, `${first.detail} ${rest}`, { subproblems: parts });
}
