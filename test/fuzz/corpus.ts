import { readCsr } from '../../src/certificate/csr.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import file from './corpus.json' with { type: 'json' };
import type { Corpus } from './mutate.ts';

/** Base64 of DERs; see `make-corpus.ts`. */
export interface CorpusFile {
  readonly root: string;
  readonly intermediate: string;
  readonly leaf: string;
  readonly old: string;
  readonly csr: string;
  readonly certificates: readonly string[];
  readonly requests: readonly string[];
}

const read: CorpusFile = file;
const der = (base64: string): Buffer => Buffer.from(base64, 'base64');

export const root = der(read.root);
export const intermediate = der(read.intermediate);
export const leaf = der(read.leaf);
export const old = readCertificate(der(read.old));
export const csr = readCsr(der(read.csr));

export const certificates: Corpus = [leaf, intermediate, root, old.der, ...read.certificates.map(der)];
export const requests: Corpus = [der(read.csr), ...read.requests.map(der)];

/** The moment that all of them are valid at. */
export const now = new Date('2026-03-01T12:00:00Z');

export const rootPem = derToPem(root);
