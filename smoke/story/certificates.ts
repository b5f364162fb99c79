import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { SmokeError } from '../errors.ts';
import { at, textAt } from '../json.ts';
import { TAG } from '../names.ts';
import type { Answer } from '../rest.ts';
import type { ThrowAwayCa } from '../throw-away-ca.ts';
import { certificateIn, createBody, isFree } from '../vault.ts';
import type { Run } from './run.ts';

/** A version that the run has made itself. */
export interface Made {
  readonly name: string;
  /** base64 DERs that were merged: leaf, intermediate, root. */
  readonly chain: readonly string[];
  readonly sha256: string;
  /** SHA-1 in capitals: App Service's name for it. */
  readonly thumbprint: string;
}

/** Asks the vault for key and request. The ledger knows of it before the vault does. */
export async function requestCertificate(run: Run, name: string, keyType = run.prepared.keyType): Promise<Answer> {
  const { vault, prepared, ledger, names } = run;
  if (!(await isFree(vault, name)))
    throw new SmokeError(`certificate ${name}: the vault has one already, and this run has not made it`);
  ledger.remember({ do: 'certificate', vault: vault.uri, name });
  const wish = { name, hostName: prepared.hostName, keyType, tags: { [TAG]: names.run } };
  return vault.need('POST', `/certificates/${name}/create`, createBody(wish));
}

/** A first version of a certificate, signed by the run's own CA with any dates. No tags go with the merge. */
export async function makeVersion(
  run: Run,
  name: string,
  how: {
    readonly ca: ThrowAwayCa;
    readonly csr: string;
    readonly life: { readonly notBefore: Date; readonly notAfter: Date };
  },
): Promise<Made> {
  const chain = how.ca.sign(how.csr, how.life);
  await run.vault.need('POST', `/certificates/${name}/pending/merge`, { x5c: chain });
  const leaf = readCertificate(Buffer.from(chain[0] ?? '', 'base64'));
  return { name, chain, sha256: leaf.sha256, thumbprint: leaf.sha1.toUpperCase() };
}

/** The request in the answer of a create, or else of the operation. */
export async function csrOf(run: Run, name: string, created: Answer): Promise<string> {
  const csr = textAt(created.body, 'csr');
  if (csr !== '') return csr;
  return textAt((await run.vault.need('GET', `/certificates/${name}/pending`)).body, 'csr');
}

/** SHA-256 of the version that is current now. */
export async function currentSha256(run: Run, name: string): Promise<string> {
  const { body } = await run.vault.need('GET', `/certificates/${name}/`);
  return sha256Hex(Buffer.from(certificateIn(body), 'base64'));
}

/** Whether the version carries the tag that only its create was given. */
export async function carriesTag(run: Run, name: string): Promise<boolean> {
  const { body } = await run.vault.need('GET', `/certificates/${name}/`);
  return at(body, 'tags', TAG) === run.names.run;
}
