import { createHash } from 'node:crypto';
import { nameSet, namesToCertify } from '../../../src/certificate/alternative-names.ts';
import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import type { CsrDetails } from '../../../src/certificate/types.ts';
import type { Authorities } from '../authorities.ts';
import { certifyAt } from '../certify.ts';
import type { IssuerFaults } from '../faults.ts';
import type { EstOptions } from './est.ts';

export type Enrolment =
  | { readonly state: 'refused'; readonly status: number; readonly reason: string }
  | { readonly state: 'pending'; readonly retryAfterSeconds: number }
  /** DER. */
  | { readonly state: 'issued'; readonly der: Buffer };

/** What became of each request: one that waits is known by its bytes, one that was answered is forgotten. */
export interface Enrolments {
  /** `der` of a PKCS#10 request. */
  ask(der: Uint8Array): Promise<Enrolment>;
  /** DERs of all leaves. */
  certificates(): readonly Buffer[];
}

export interface EnrolmentsOptions
  extends Pick<EstOptions, 'clock' | 'suffixes' | 'lifeDays' | 'pendingSeconds' | 'retrySeconds'> {
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
}

const HOUR = 3_600_000;
const LONGEST_COMMON_NAME = 64;

export function createEnrolments(options: EnrolmentsOptions): Enrolments {
  const { clock, faults, pendingSeconds = 0, retrySeconds = 30 } = options;
  const waiting = new Map<string, number>();
  const issued: Buffer[] = [];
  return {
    certificates: () => issued,
    async ask(der) {
      const csr = await readRequest(der);
      if ('state' in csr) return csr;
      const hosts = nameSet(namesToCertify(csr)).map((name) => name.replace(/^dns:/, ''));
      const refusal = refusalOf(hosts, options);
      if (refusal !== undefined) return { state: 'refused', status: 400, reason: refusal };
      const digest = createHash('sha256').update(der).digest('hex');
      const until = waiting.get(digest) ?? clock.now().getTime() + pendingSeconds * 1000;
      const left = Math.ceil((until - clock.now().getTime()) / 1000);
      if (left > 0 || faults.strike('held', hosts) !== undefined) {
        waiting.set(digest, until);
        return { state: 'pending', retryAfterSeconds: left > 0 ? Math.min(left, retrySeconds) : retrySeconds };
      }
      waiting.delete(digest);
      if (faults.strike('rejected', hosts) !== undefined) {
        return { state: 'refused', status: 403, reason: 'The request was denied by the registration authority.' };
      }
      const made = certifyAt(options, wishOf(csr, hosts, options));
      issued.push(made.der);
      return { state: 'issued', der: made.der };
    },
  };
}

async function readRequest(der: Uint8Array): Promise<CsrDetails | Extract<Enrolment, { state: 'refused' }>> {
  const bad = (reason: string) => ({ state: 'refused', status: 400, reason }) as const;
  try {
    const csr = readCsr(der);
    return (await verifyCsr(der)) ? csr : bad('The signature of the request is not that of its key.');
  } catch {
    return bad('The request is no PKCS#10.');
  }
}

function refusalOf(hosts: readonly string[], { suffixes }: EnrolmentsOptions): string | undefined {
  if (hosts.length === 0) return 'The request has no name.';
  const isOurs = (host: string) => suffixes?.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)) ?? true;
  const stranger = hosts.find((host) => !isOurs(host));
  return stranger === undefined ? undefined : `The name ${stranger} is not one that this CA certifies.`;
}

/** EST has no word for a life: the CA's own counts. */
function wishOf(csr: CsrDetails, hosts: readonly string[], { clock, lifeDays = 90 }: EnrolmentsOptions) {
  const notBefore = new Date(clock.now().getTime() - HOUR);
  return {
    spki: csr.spki,
    names: hosts,
    commonName: hosts.find((host) => host.length <= LONGEST_COMMON_NAME),
    notBefore,
    notAfter: new Date(notBefore.getTime() + lifeDays * 24 * HOUR - 1000),
  };
}
