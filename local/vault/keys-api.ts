import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput, type VaultContext } from './call.ts';
import { badParameter, disabled, invalidProperty, keyOperationForbidden, outsideKeyDates } from './errors.ts';
import { addKeyVersion, type FoundKey, keyVersions, newestKeys, publicJwk, requireKey } from './key-store.ts';
import { type KeyKind, keyKinds, kindOf, makeKey } from './keys.ts';
import { paged } from './paging.ts';
import { recovery } from './shapes.ts';
import { signerWith, type Unfit } from './sign.ts';
import { verifyDigest } from './verify.ts';

export function getKey(call: Call): EmulatorResponse {
  const found = requireKey(call);
  charge(call, found);
  return ok(keyBundle(call, found));
}

export function listKeys(call: Call): EmulatorResponse {
  return ok(paged(call, newestKeys(call.vault), { key: ({ name }) => name, item: (found) => keyItem(call, found) }));
}

export function listKeyVersions(call: Call): EmulatorResponse {
  const item = (found: FoundKey): object => keyItem(call, found, found.version.id);
  return ok(paged(call, keyVersions(call), { key: ({ version }) => version.id, item }));
}

const operations = ['sign', 'verify', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] as const;
const createInput = z.object({
  kty: z.enum(['RSA', 'RSA-HSM', 'EC', 'EC-HSM']),
  key_size: z.int().optional(),
  crv: z.enum(['P-256', 'P-384', 'P-521', 'P-256K']).optional(),
  key_ops: z.array(z.enum(operations)).optional(),
  attributes: attributesInput.extend({ nbf: z.int(), exp: z.int() }).partial().optional(),
  tags: tagsInput.optional(),
});
type CreateInput = z.infer<typeof createInput>;

export async function createKey(call: Call): Promise<EmulatorResponse> {
  const { vault, name } = call;
  const body = readBody(createInput, call);
  const kind = kindWanted(body);
  vault.charge({ kind: 'key-create', key: kind, hsm: body.kty.endsWith('-HSM') });
  const key = vault.options.keyPool?.take(kind) ?? (await makeKey(kind));
  const isElliptic = body.kty.startsWith('EC');
  const found = addKeyVersion(vault, name, {
    id: vault.chance.id(),
    key,
    kty: body.kty,
    operations: body.key_ops ?? (isElliptic ? ['sign', 'verify'] : operations),
    enabled: body.attributes?.enabled ?? true,
    nbf: body.attributes?.nbf,
    exp: body.attributes?.exp,
    created: vault.now(),
    updated: vault.now(),
    tags: body.tags,
    managed: false,
    exportable: false,
  });
  return ok(keyBundle(call, found));
}

function kindWanted({ kty, key_size = 2048, crv = 'P-256' }: CreateInput): KeyKind {
  if (kty.startsWith('EC')) return crv;
  const kind = keyKinds.find((one) => one === `RSA-${key_size}`);
  if (kind === undefined) throw invalidProperty('key_size', 'Supported RSA key sizes are 2048, 3072 and 4096.');
  return kind;
}

const base64url = z.string().regex(/^[A-Za-z0-9_-]+=*$/);
const signInput = z.object({ alg: z.string(), value: base64url });

export function signWithKey(call: Call): EmulatorResponse {
  const { alg, value } = readBody(signInput, call);
  const found = usableKey(call, 'sign');
  const signed = signerWith(call.vault.chance.bytes)(alg, Buffer.from(value, 'base64url'), found.version.key);
  if (signed.state !== 'signed') throw unfit(signed, { alg, name: found.name });
  return ok({ kid: keyId(call.vault, found), value: signed.signature.toString('base64url') });
}

const verifyInput = z.object({ alg: z.string(), digest: base64url, value: base64url });

export function verifyWithKey(call: Call): EmulatorResponse {
  const { alg, digest, value } = readBody(verifyInput, call);
  const found = usableKey(call, 'verify');
  const signed = { digest: Buffer.from(digest, 'base64url'), signature: Buffer.from(value, 'base64url') };
  const verified = verifyDigest(alg, signed, found.version.key);
  if (verified.state !== 'verified') throw unfit(verified, { alg, name: found.name });
  return ok({ value: verified.isValid });
}

/** The key, if it may do it now. Dates bind signing only: what was signed can be verified for ever. */
function usableKey(call: Call, operation: 'sign' | 'verify'): FoundKey {
  const found = requireKey(call);
  const { enabled, nbf, exp, operations } = found.version;
  charge(call, found);
  if (!enabled) throw disabled('key', operation);
  if (!operations.includes(operation)) throw keyOperationForbidden(operation);
  const now = seconds(call.vault.now());
  if (operation === 'sign' && exp !== undefined && now >= exp) throw outsideKeyDates(operation, 'expired');
  if (operation === 'sign' && nbf !== undefined && now < nbf) throw outsideKeyDates(operation, 'not yet valid');
  return found;
}

function unfit({ state }: Unfit, { alg, name }: { alg: string; name: string }): Error {
  switch (state) {
    case 'unknown-algorithm':
      return badParameter(`Property alg has invalid value. Algorithm ${alg} is not supported.`);
    case 'wrong-key':
      return badParameter(`Key and signing algorithm are incompatible. Key ${name} can not be used with ${alg}.`);
    case 'wrong-digest':
      return badParameter(`Invalid length of the digest: it is not as ${alg} needs it.`);
    default:
      return state satisfies never;
  }
}

function charge({ vault }: Call, { version }: FoundKey): void {
  vault.charge({ kind: 'key-use', key: kindOf(version.key) ?? 'RSA-2048', hsm: version.kty.endsWith('-HSM') });
}

export const keyId = ({ options }: VaultContext, { name, version }: FoundKey): string =>
  `${options.uri}/keys/${name}/${version.id}`;

function keyBundle({ vault }: Call, found: FoundKey): object {
  const { version } = found;
  return {
    key: { kid: keyId(vault, found), kty: version.kty, key_ops: version.operations, ...publicJwk(version.key) },
    attributes: { ...attributesOf(vault, found), exportable: version.exportable },
    ...shared(found),
  };
}

function keyItem({ vault }: Call, found: FoundKey, version = ''): object {
  const kid = `${vault.options.uri}/keys/${found.name}${version === '' ? '' : `/${version}`}`;
  return { kid, attributes: attributesOf(vault, found), ...shared(found) };
}

const shared = ({ version: { tags, managed } }: FoundKey): object => ({
  ...(tags && { tags }),
  ...(managed && { managed }),
});

function attributesOf(vault: VaultContext, { version }: FoundKey): object {
  const { enabled, nbf, exp, created, updated } = version;
  return {
    enabled,
    ...(nbf !== undefined && { nbf }),
    ...(exp !== undefined && { exp }),
    created: seconds(created),
    updated: seconds(updated),
    ...recovery(vault),
  };
}
