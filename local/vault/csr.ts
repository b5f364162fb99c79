import { createPublicKey, type KeyObject } from 'node:crypto';
import type { AlternativeNames } from '../../src/certificate/types.ts';
import type { Der } from '../transport/der.ts';
import { extensions, type SignBytes, signCertificate, signRequest } from '../transport/x509.ts';
import type { Policy } from './policy.ts';
import { parseSubject } from './subject.ts';

type CertificateProperties = Policy['x509_props'];

/** What makes a signature and a serial number repeatable; by default they are not. */
export interface Repeatable {
  readonly sign?: SignBytes;
  readonly serial?: Uint8Array;
}

/** The PKCS#10 request of a pending certificate: the extensions and their order are as the real service has them. */
export function makeRequest({ x509_props }: Policy, key: KeyObject, { sign }: Repeatable = {}): Buffer {
  const { ca } = x509_props.basic_constraints;
  const wanted = [
    extensions.keyUsage(x509_props.key_usage),
    extensions.extendedKeyUsage(x509_props.ekus),
    ...alternativeNames(x509_props),
    extensions.basicConstraints(ca, false),
  ];
  const subject = parseSubject(x509_props.subject) ?? [];
  return signRequest({ subject, extensions: wanted, key, ...(sign && { sign }) });
}

/** How far before the moment of issue the issuer Self lets a certificate begin. */
export const SELF_BACKDATE_SECONDS = 600;

/** The certificate that the issuer Self makes. */
export function selfSign({ x509_props }: Policy, key: KeyObject, issue: Repeatable & { readonly now: Date }): Buffer {
  const { now, ...repeatable } = issue;
  const publicKey = createPublicKey(key);
  const subject = parseSubject(x509_props.subject) ?? [];
  return signCertificate({
    subject,
    issuer: subject,
    notBefore: new Date(now.getTime() - SELF_BACKDATE_SECONDS * 1000),
    notAfter: addMonths(now, x509_props.validity_months),
    publicKey,
    extensions: [
      extensions.keyUsage(x509_props.key_usage),
      extensions.basicConstraints(x509_props.basic_constraints.ca),
      extensions.extendedKeyUsage(x509_props.ekus),
      ...alternativeNames(x509_props),
      extensions.authorityKeyId(publicKey),
      extensions.subjectKeyId(publicKey),
    ],
    signer: key,
    ...repeatable,
  });
}

/** The same day and time so many months later, or the last day of a month that is too short. */
export function addMonths(date: Date, months: number): Date {
  const moved = new Date(date);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  if (moved.getUTCDate() !== date.getUTCDate()) moved.setUTCDate(0);
  return moved;
}

function alternativeNames({ sans = {} }: CertificateProperties): Der[] {
  const names: AlternativeNames = {
    dns: sans.dns_names ?? [],
    email: sans.emails ?? [],
    upn: sans.upns ?? [],
    uri: sans.uris ?? [],
    ip: sans.ipAddresses ?? [],
  };
  return Object.values(names).flat().length === 0 ? [] : [extensions.alternativeNames(names)];
}
