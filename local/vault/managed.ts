import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { type Call, ok, readBody } from './call.ts';
import { findVersion } from './certificates.ts';
import { badParameter, disabled, keyOperationForbidden, type Noun, notFound } from './errors.ts';
import { writePfx } from './pfx-write.ts';
import { versionAttributes } from './shapes.ts';
import { signDigest } from './sign.ts';
import type { CertificateRecord, Version } from './state.ts';

/** The key and the secret that belong to a version of a certificate: same name, same version, read only. */
function requireVersion(call: Call, noun: Noun): { record: CertificateRecord; found: Version } {
  const { vault, name, version } = call;
  const record = vault.state.find(name);
  const found = record && findVersion(record, version);
  if (record === undefined || found === undefined) {
    throw notFound(noun, version === '' ? name : `${name}/${version}`);
  }
  return { record, found };
}

export function getKey(call: Call): EmulatorResponse {
  const { record, found } = requireVersion(call, 'key');
  const { exportable } = found.policy.key_props;
  return ok({
    key: {
      kid: keyId(call, record, found),
      kty: found.policy.key_props.kty,
      key_ops: keyOperations(found),
      ...publicJwk(found.key),
    },
    attributes: { ...versionAttributes(call.vault, found), exportable },
    ...(found.tags && { tags: found.tags }),
    managed: true,
  });
}

const keyId = ({ vault }: Call, record: CertificateRecord, version: Version): string =>
  `${vault.options.uri}/keys/${record.name}/${version.id}`;

function publicJwk(key: KeyObject): object {
  const { kty: _, crv, ...numbers } = createPublicKey(key).export({ format: 'jwk' });
  return crv === undefined ? numbers : { crv: crv === 'secp256k1' ? 'P-256K' : crv, ...numbers };
}

const operationsOfUsage: Readonly<Record<string, readonly string[]>> = {
  digitalSignature: ['sign', 'verify'],
  nonRepudiation: ['sign', 'verify'],
  keyCertSign: ['sign', 'verify'],
  cRLSign: ['sign', 'verify'],
  keyEncipherment: ['wrapKey', 'unwrapKey'],
  dataEncipherment: ['encrypt', 'decrypt'],
  decipherOnly: ['decrypt'],
  encipherOnly: ['encrypt'],
};

/** What the key of a certificate may do follows from the certificate's key usage. */
function keyOperations({ policy, key }: Version): readonly string[] {
  const all = new Set(policy.x509_props.key_usage.flatMap((usage) => operationsOfUsage[usage] ?? []));
  // An elliptic key can sign, and nothing else.
  return key.asymmetricKeyType === 'ec' ? [...all].filter((one) => one === 'sign' || one === 'verify') : [...all];
}

const signInput = z.object({ alg: z.string(), value: z.string().regex(/^[A-Za-z0-9_-]+=*$/) });

export function signWithKey(call: Call): EmulatorResponse {
  const { record, found } = requireVersion(call, 'key');
  const { alg, value } = readBody(signInput, call);
  if (!found.enabled) throw disabled('key', 'sign');
  if (!keyOperations(found).includes('sign')) throw keyOperationForbidden('sign');
  const signed = signDigest(alg, Buffer.from(value, 'base64url'), found.key);
  switch (signed.state) {
    case 'signed':
      return ok({ kid: keyId(call, record, found), value: signed.signature.toString('base64url') });
    case 'unknown-algorithm':
      throw badParameter(`Property alg has invalid value. Algorithm ${alg} is not supported.`);
    case 'wrong-key':
      throw badParameter(`Key and signing algorithm are incompatible. Key ${record.name} can not sign with ${alg}.`);
    case 'wrong-digest':
      throw badParameter(`Invalid length of 'value': it is not a digest as ${alg} needs it.`);
    default:
      return signed satisfies never;
  }
}

export function getSecret(call: Call): EmulatorResponse {
  const { record, found } = requireVersion(call, 'secret');
  if (!found.enabled) throw disabled('secret', 'get');
  found.secret ??= secretValue(found);
  const { uri } = call.vault.options;
  return ok({
    value: found.secret,
    contentType: found.policy.secret_props.contentType,
    id: `${uri}/secrets/${record.name}/${found.id}`,
    managed: true,
    attributes: versionAttributes(call.vault, found),
    ...(found.tags && { tags: found.tags }),
    kid: keyId(call, record, found),
  });
}

/** The chain, with the private key where the policy lets it out. */
function secretValue({ policy, key, chain, leaf }: Version): string {
  const { exportable } = policy.key_props;
  if (policy.secret_props.contentType === 'application/x-pem-file') {
    const keyPem = exportable ? key.export({ type: 'pkcs8', format: 'pem' }).toString() : '';
    return keyPem + chain.map((certificate) => certificate.toString()).join('');
  }
  const certificates = chain.map(({ raw }) => raw);
  return writePfx({ certificates, ...(exportable && { key }) }, leaf.raw).toString('base64');
}
