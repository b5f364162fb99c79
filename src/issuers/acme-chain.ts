import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { AcmeAccount } from './acme-account.ts';
import { unusable } from './acme-order.ts';
import { wordsOf } from './acme-problem.ts';

/** The issued chain (RFC 8555 7.4.2), or of several the one that is preferred: base64 DERs, leaf first. */
export async function issuedChain(
  account: AcmeAccount,
  url: string,
  preferred: string | undefined,
): Promise<readonly string[]> {
  const first = await chainAt(account, url);
  if (preferred === undefined || leadsTo(first.chain, preferred)) return first.chain;
  for (const alternate of first.alternates) {
    const { chain } = await chainAt(account, alternate);
    if (leadsTo(chain, preferred)) return chain;
  }
  return first.chain;
}

interface Chain {
  /** base64 DERs, leaf first. */
  readonly chain: readonly string[];
  readonly alternates: readonly string[];
}

async function chainAt(account: AcmeAccount, url: string): Promise<Chain> {
  const answer = await account.post(url);
  if (answer.state === 'problem') throw unusable(wordsOf(answer.problem));
  const found = findCertificates(answer.answer.text);
  // What is wrong with it is said by whoever judges the answer: here it only has to be found.
  if (found.state === 'unreadable') throw unusable(found.detail);
  // What is too large is handed on as it came, to be refused as that.
  const chain =
    found.state === 'read' ? found.ders.map((der) => Buffer.from(der).toString('base64')) : [answer.answer.text];
  return { chain, alternates: alternatesOf(answer.answer.header('link') ?? '') };
}

function leadsTo(chain: readonly string[], name: string): boolean {
  return chain.slice(1).some((der) => {
    const { subjectText, issuerText } = readCertificate(new Uint8Array(Buffer.from(der, 'base64')));
    return [subjectText, issuerText].some((text) => text.split(', ').includes(`CN=${name}`));
  });
}

/** RFC 8288: `<url>;rel="alternate"`, several in one header. */
function alternatesOf(header: string): readonly string[] {
  return [...header.matchAll(/<([^>]*)>\s*;\s*rel="?alternate"?/g)].map(([, url = '']) => url);
}
