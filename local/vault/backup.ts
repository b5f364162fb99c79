import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { openBackup, placeOf, sealBackup } from './backup-blob.ts';
import { type Call, ok, readBody, type VaultContext } from './call.ts';
import { badParameter, malformedBackup, notFound, restoreConflict } from './errors.ts';
import { watchExpiry } from './issuance.ts';
import type { Policy } from './policy.ts';
import type { CertificateRecord, Tags, Version } from './records.ts';
import { certificateBundle, certificateId } from './shapes.ts';
import { currentVersion } from './state.ts';

const MOST_VERSIONS = 500;
/** Of the content of a blob. */
const FORMAT = 1;

export function backupCertificate({ vault, name }: Call): EmulatorResponse {
  const record = vault.state.require(name);
  // A name that is only pending has nothing that could be restored.
  if (record.versions.length === 0) throw notFound('certificate', name);
  if (record.versions.length > MOST_VERSIONS) {
    throw badParameter(`A certificate with more than ${MOST_VERSIONS} versions can not be backed up.`);
  }
  return ok({ value: sealBackup(toContent(record), placeOfVault(vault), vault.chance.bytes(12)) });
}

const restoreInput = z.object({ value: z.string().min(1) });

export function restoreCertificate(call: Call): EmulatorResponse {
  const { vault } = call;
  const { value } = readBody(restoreInput, call);
  const record = fromContent(openBackup(value, placeOfVault(vault)));
  const { state } = vault;
  const { name } = record;
  state.assertNameIsFree(name, vault.now());
  const isTaken = [state.find(name), state.keys.get(name), state.secrets.get(name)].some((one) => one !== undefined);
  if (isTaken) throw restoreConflict(certificateId(vault, name, currentVersion(record)?.id));
  state.add(record);
  for (const version of record.versions) watchExpiry(vault, record, version);
  vault.watchLifetime(record);
  return ok(certificateBundle(call, record));
}

const placeOfVault = ({ options }: VaultContext) => placeOf(options.resourceId, options.region ?? 'westeurope');

/** What a blob holds: everything but a pending operation. */
interface Content {
  readonly format: number;
  readonly name: string;
  readonly policy: Policy;
  readonly versions: readonly StoredVersion[];
}

interface StoredVersion {
  readonly id: string;
  readonly leaf: string;
  readonly chain: readonly string[];
  readonly key: string;
  readonly policy: Policy;
  readonly preserveCertOrder: boolean;
  readonly created: number;
  readonly updated: number;
  readonly enabled: boolean;
  readonly tags?: Tags;
}

function toContent({ name, policy, versions }: CertificateRecord): Content {
  return { format: FORMAT, name, policy, versions: versions.map(toStored) };
}

function toStored({ leaf, chain, key, created, updated, tags, secret: _, ...rest }: Version): StoredVersion {
  return {
    ...rest,
    leaf: leaf.raw.toString('base64'),
    chain: chain.map(({ raw }) => raw.toString('base64')),
    key: key.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    created: created.getTime(),
    updated: updated.getTime(),
    ...(tags && { tags }),
  };
}

/** The seal has shown that the content is a vault's own. */
function fromContent(content: unknown): CertificateRecord {
  const { format, name, policy, versions } = content as Content;
  if (format !== FORMAT) throw malformedBackup();
  return { name, policy, versions: versions.map(fromStored) };
}

function fromStored({ leaf, chain, key, created, updated, tags, ...rest }: StoredVersion): Version {
  const certificate = (der: string): X509Certificate => new X509Certificate(Buffer.from(der, 'base64'));
  return {
    ...rest,
    leaf: certificate(leaf),
    chain: chain.map(certificate),
    key: createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' }),
    created: new Date(created),
    updated: new Date(updated),
    tags,
  };
}
