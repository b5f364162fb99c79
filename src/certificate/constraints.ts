import { BlockList, isIP } from 'node:net';
import { OctetString } from 'asn1js';
import { type GeneralSubtree, NameConstraints } from 'pkijs';
import { namesToCertify } from './alternative-names.ts';
import { parseDer, reading } from './der.ts';
import { basicConstraintsOf, extensionOids } from './extensions.ts';
import { certificateParts } from './read.ts';
import type { AlternativeNames, CertificateDetails } from './types.ts';

/**
 * Critical extensions whose meaning is kept here or in `chain.ts`. Certificate policies are among them because nothing asks
 * for a policy; whoever finds another critical extension has to refuse the certificate (RFC 5280 4.2).
 */
const understood: readonly string[] = [
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extKeyUsage,
  extensionOids.subjectAltName,
  extensionOids.nameConstraints,
  '2.5.29.32',
];

/** GeneralName tags that a name constraint may be about. */
const form = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

/** How many authorities may follow below this one; `undefined`: any number. */
export function pathLengthOf(certificate: CertificateDetails): number | undefined {
  return basicConstraintsOf(certificateParts(certificate.der).extensions).pathLength;
}

/** Dotted OIDs of critical extensions that nothing here knows the meaning of. */
export function strangeCriticalExtensions(certificate: CertificateDetails): readonly string[] {
  const { extensions } = certificateParts(certificate.der);
  return [...extensions.values()].flatMap(({ oid, critical }) => (critical && !understood.includes(oid) ? [oid] : []));
}

/** Of names with constraints. Honest authorities have a few, and whoever made these has not been proven to be one yet. */
const mostComparisons = 100_000;

/** Why the authority's name constraints (RFC 5280 4.2.1.10) forbid this leaf; `undefined` when they allow it. */
export function constraintViolation(authority: CertificateDetails, leaf: CertificateDetails): string | undefined {
  const extension = certificateParts(authority.der).extensions.get(extensionOids.nameConstraints);
  if (extension === undefined) return undefined;
  const constraints = reading('the name constraints', () => {
    return new NameConstraints({ schema: parseDer(extension.value, 'the name constraints') });
  });
  const names = namesToCertify(leaf);
  const permitted = constraints.permittedSubtrees ?? [];
  const excluded = constraints.excludedSubtrees ?? [];
  const odd = [...permitted, ...excluded].find((subtree) => !isKnownForm(subtree));
  if (odd !== undefined) return `a name constraint on names of form ${odd.base.type} is not understood`;
  return violationOf(names, permitted, excluded);
}

function isKnownForm({ base }: GeneralSubtree): boolean {
  return Object.values<number>(form).includes(base.type);
}

function violationOf(
  names: AlternativeNames,
  permitted: readonly GeneralSubtree[],
  excluded: readonly GeneralSubtree[],
): string | undefined {
  const all = [
    ...names.dns.map((name) => ({ type: form.dns, name })),
    ...names.ip.map((name) => ({ type: form.ip, name })),
    ...names.email.map((name) => ({ type: form.email, name })),
    ...names.uri.map((name) => ({ type: form.uri, name })),
  ];
  const subtrees = permitted.length + excluded.length;
  if (all.length * subtrees > mostComparisons) {
    return `it has ${subtrees} name constraints for ${all.length} names: more than are judged`;
  }
  const forbidden = all.find(({ type, name }) => {
    const allowed = permitted.filter(({ base }) => base.type === type);
    const denied = excluded.filter(({ base }) => base.type === type);
    return (
      (allowed.length > 0 && !allowed.some((subtree) => covers(subtree, name))) || denied.some((s) => covers(s, name))
    );
  });
  return forbidden === undefined ? undefined : `its name constraints forbid ${JSON.stringify(forbidden.name)}`;
}

function covers({ base }: GeneralSubtree, name: string): boolean {
  const value: unknown = base.value;
  if (base.type === form.ip) return value instanceof OctetString && coversAddress(value.valueBlock.valueHexView, name);
  if (typeof value !== 'string') return false;
  const wanted = value.toLowerCase();
  if (base.type === form.email) return coversMailbox(wanted, name.toLowerCase());
  return coversHost(wanted, base.type === form.uri ? hostOf(name) : name.replace(/^\*\./, ''));
}

/** `contoso.example` covers itself and everything below; `.contoso.example` is commonly written for the same. */
function coversHost(wanted: string, host: string): boolean {
  const suffix = wanted.replace(/^\./, '');
  return suffix === '' || host === suffix || host.endsWith(`.${suffix}`);
}

function coversMailbox(wanted: string, address: string): boolean {
  const host = address.slice(address.lastIndexOf('@') + 1);
  if (wanted.includes('@')) return wanted === address;
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted;
}

function hostOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).hostname : uri;
}

/** The constraint is an address and a mask, side by side. */
function coversAddress(octets: Uint8Array, address: string): boolean {
  const half = octets.length / 2;
  // An iPAddress of another length than addresses have is in no network.
  if (isIP(address) === 0) return false;
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (half !== (family === 'ipv4' ? 4 : 16)) return false;
  const bits = [...octets.subarray(half)].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const subnet = new BlockList();
  subnet.addSubnet(textOf(octets.subarray(0, half)), bits.lastIndexOf('1') + 1, family);
  return subnet.check(address, family);
}

function textOf(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  return (Buffer.from(octets).toString('hex').match(/..../g) ?? []).join(':');
}
