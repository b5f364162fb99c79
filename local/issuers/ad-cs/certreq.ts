import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import type { Clock } from '../../../src/clock.ts';
import type { Chance } from '../../vault/chance.ts';
import type { Authorities } from '../authorities.ts';
import { certifyAt } from '../certify.ts';
import type { IssuerFaults } from '../faults.ts';

/** What can be wrong with the CA, its worker, or the way between them, besides what can be with any CA. */
export const adCsFaultKinds = ['ca-unreachable', 'stops-while-submitting', 'stops-before-answer'] as const;
export type AdCsFaultKind = (typeof adCsFaultKinds)[number];

export interface Ran {
  readonly exitCode: number;
  readonly output: string;
  /** What stands in the file of the chain; empty when there is none. */
  readonly certificates: string;
}

/** A request at the CA, by its number. */
export interface CaRequest {
  readonly csr: string;
  readonly names: readonly string[];
  disposition: 2 | 3 | 5;
  chain?: string;
}

export interface CaOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
  /** `host\name`. */
  readonly config: string;
  readonly templates: readonly string[];
}

const HOUR = 3_600_000;
const TEMPLATE_DAYS = 90;
const COMMON_NAME = '2.5.4.3';
const NO_TEMPLATE =
  'Certificate not issued (Denied) Denied by Policy Module  0x80094800, The request was for a certificate template that is not supported by the Active Directory Certificate Services policy.';
const UNREACHED = 'The RPC server is unavailable. 0x800706ba (WIN32: 1722 RPC_S_SERVER_UNAVAILABLE)';
const BY_MANAGER = 'Certificate not issued (Denied) Denied by CONTOSO\\ca-manager: the owner did not agree';

/** An enterprise CA as `certreq` shows it: words and dispositions of an English Windows. */
export interface EmulatedCa {
  readonly requests: ReadonlyMap<number, CaRequest>;
  submit(wish: { readonly config: string; readonly template: string; readonly csr: string }): Promise<Ran>;
  retrieve(wish: { readonly config: string; readonly requestId: string }): Ran;
}

export function createEmulatedCa(options: CaOptions): EmulatedCa {
  const { faults, config, templates } = options;
  const requests = new Map<number, CaRequest>();
  const isReached = (asked: string): boolean => asked === config;
  return {
    requests,
    async submit(wish) {
      if (!isReached(wish.config)) return ran(-2147023174, UNREACHED);
      const der = Buffer.from(wish.csr.replace(/-----[A-Z ]+-----/g, ''), 'base64');
      if (!(await verifyCsr(der))) return ran(-2146885630, 'Error Verifying Request Signature or Signing Certificate');
      const number = requests.size + 1;
      const request: CaRequest = { csr: der.toString('base64'), names: readCsr(der).names.dns, disposition: 5 };
      requests.set(number, request);
      if (!templates.includes(wish.template)) {
        request.disposition = 2;
        return ran(-2146875392, NO_TEMPLATE, number);
      }
      if (faults.strike('rejected', request.names)) request.disposition = 2;
      else if (faults.strike('held', request.names) === undefined) issue(options, request);
      return shown(request, number);
    },
    retrieve({ config: asked, requestId }) {
      if (!isReached(asked)) return ran(-2147023174, UNREACHED);
      const number = Number(requestId);
      const request = requests.get(number);
      if (request === undefined) return ran(-2146877436, 'The requested property value is empty. 0x80094004');
      if (request.disposition === 5 && faults.strike('held', request.names) === undefined) {
        if (faults.strike('rejected', request.names)) request.disposition = 2;
        else issue(options, request);
      }
      return shown(request, number);
    },
  };
}

function shown({ disposition, chain = '' }: CaRequest, number: number): Ran {
  if (disposition === 3) return { ...ran(0, 'Certificate retrieved(Issued) Issued', number), certificates: chain };
  if (disposition === 2) return ran(0, BY_MANAGER, number);
  return ran(0, 'Certificate request is pending: Taken Under Submission (0)', number);
}

function ran(exitCode: number, words: string, number?: number): Ran {
  const numbered = number === undefined ? '' : `RequestId: ${number}\r\nRequestId: "${number}"\r\n`;
  return { exitCode, output: `${numbered}${words}\r\n`, certificates: '' };
}

/** PEM blocks in place of the PKCS#7 that certreq writes: both are read. */
function issue({ clock, authorities, faults }: CaOptions, request: CaRequest): void {
  const { spki, subject } = readCsr(Buffer.from(request.csr, 'base64'));
  const commonName = subject.flat().find(({ type }) => type === COMMON_NAME)?.value;
  const notBefore = new Date(clock.now().getTime() - HOUR);
  const notAfter = new Date(notBefore.getTime() + TEMPLATE_DAYS * 24 * HOUR - 1000);
  const leaf = certifyAt({ authorities, faults }, { spki, commonName, names: request.names, notBefore, notAfter });
  request.disposition = 3;
  request.chain = [leaf.der, ...leaf.above].map((der) => derToPem(der)).join('');
}
