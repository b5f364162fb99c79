import type { AsnType } from 'asn1js';
import { childrenOf, contentOf, oidOf, parseDer, reading } from '../certificate/der.ts';
import { extensionOids } from '../certificate/extensions.ts';
import type { CsrDetails, KeyType } from '../certificate/types.ts';

/** What a CSR has that an EST server may want to see in it. */
export interface CsrFacts extends Pick<CsrDetails, 'keyType'> {
  /** Dotted OIDs of the extensions that it asks for. */
  readonly extensions: readonly string[];
}

/** An OBJECT IDENTIFIER, or an attribute with its values. */
interface Wish {
  readonly type: string;
  readonly values: readonly AsnType[];
}

const challengePassword = '1.2.840.113549.1.9.7';
const extensionRequest = '1.2.840.113549.1.9.14';
const rsa = '1.2.840.113549.1.1.1';
const ec = '1.2.840.10045.2.1';
const curves: Readonly<Record<string, KeyType>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};

/**
 * What a CSR lacks of the attributes that an EST server wants (CsrAttrs, RFC 7030 4.5.2, in base64), in words. Read are:
 * a challenge password, the type of the key, and requested extensions; anything else is passed over, as that section
 * says. Throws `certificate-unreadable`.
 */
export function missingAttributes(base64: string, csr: CsrFacts): readonly string[] {
  const wishes = readWishes(Buffer.from(base64, 'base64'));
  return [...challenge(wishes), ...key(wishes, csr), ...extensions(wishes, csr)];
}

function readWishes(der: Uint8Array): readonly Wish[] {
  return reading('the CSR attributes', () =>
    childrenOf(parseDer(der, 'the CSR attributes'), 'the CSR attributes').map((one) => {
      if (!one.idBlock.isConstructed) return { type: oidOf(one, 'a CSR attribute'), values: [] };
      const [type, values] = childrenOf(one, 'a CSR attribute');
      return { type: oidOf(type, 'a CSR attribute'), values: childrenOf(values, 'a CSR attribute', 'set') };
    }),
  );
}

/** It would have to hold the TLS session's own number (RFC 7030 3.5), which whoever made the CSR cannot know. */
function challenge(wishes: readonly Wish[]): readonly string[] {
  const isWanted = wishes.some(({ type }) => type === challengePassword);
  return isWanted ? ['a challenge password that is linked to the TLS session'] : [];
}

/** Several kinds of keys are a choice. */
function key(wishes: readonly Wish[], { keyType }: CsrFacts): readonly string[] {
  const wanted = wishes.flatMap(keysOf);
  if (wanted.length === 0 || wanted.some((one) => keyType === one || keyType.startsWith(`${one}-`))) return [];
  return [`a key of the type ${wanted.join(' or ')}, in place of ${keyType}`];
}

/** Key types, or `RSA` and `P` for any size of theirs. A curve may stand alone (as in the example of RFC 7030 4.5.2). */
function keysOf({ type, values }: Wish): readonly string[] {
  const curve = curves[type];
  if (curve !== undefined) return [curve];
  if (type === rsa) return values.length === 0 ? ['RSA'] : values.map((value) => `RSA-${numberOf(value)}`);
  if (type !== ec) return [];
  return values.length === 0 ? ['P'] : values.map((value) => curves[oidOf(value, 'a curve')] ?? 'another curve');
}

function numberOf(value: AsnType): number {
  return Number.parseInt(Buffer.from(contentOf(value, 'the size of a key')).toString('hex'), 16);
}

/** What a CSR of a TLS server can be wanted to ask for; a CA sets the others itself. */
const askable: Readonly<Record<string, string>> = {
  [extensionOids.keyUsage]: 'keyUsage',
  [extensionOids.extKeyUsage]: 'extKeyUsage',
  [extensionOids.subjectAltName]: 'subjectAltName',
  [extensionOids.basicConstraints]: 'basicConstraints',
};

/** Servers put other things there too, as RFC 7030's own example does. */
function extensions(wishes: readonly Wish[], csr: CsrFacts): readonly string[] {
  const wanted = wishes.filter(({ type }) => type === extensionRequest).flatMap(({ values }) => values.flatMap(oidsIn));
  return [...new Set(wanted)].flatMap((oid) => {
    const name = askable[oid];
    return name === undefined || csr.extensions.includes(oid) ? [] : [`the extension ${name}`];
  });
}

/** OIDs in RFC 7030; Extensions with values that are to be filled in, or taken over, in RFC 9908. */
function oidsIn(value: AsnType): readonly string[] {
  if (!value.idBlock.isConstructed) return [oidOf(value, 'an extension')];
  return childrenOf(value, 'the extensions').map((one) =>
    oidOf(one.idBlock.isConstructed ? childrenOf(one, 'an extension')[0] : one, 'an extension'),
  );
}
