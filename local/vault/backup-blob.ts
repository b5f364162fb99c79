import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { foreignBackup, malformedBackup } from './errors.ts';

/** Every blob of the real service begins like this, and goes on with an encrypted JSON object (RFC 7516). */
const PREFIX = '&AzureKeyVaultKeyBackupV1.microsoft.com';

/** Where a blob can be restored: in the same subscription and the same geography. */
export interface BackupPlace {
  readonly subscription: string;
  readonly geography: string;
}

export function placeOf(resourceId: string, region: string): BackupPlace {
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(resourceId)?.[1] ?? '';
  return { subscription: subscription.toLowerCase(), geography: geographyOf(region) };
}

/** `westeurope` and `northeurope` are in Europe: a region is a geography with a direction. */
const geographyOf = (region: string): string => region.toLowerCase().replace(/north|south|east|west|central|\d/g, '');

/** `iv`: 12 bytes. */
export function sealBackup(content: object, place: BackupPlace, iv: Buffer): string {
  const key = keyOf(place);
  const header = encode(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: kidOf(key) }));
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()]);
  const parts = [header, '', encode(iv), encode(sealed), encode(cipher.getAuthTag())];
  return encode(PREFIX + parts.join('.'));
}

/** The content of a blob. Throws Azure's 400 for one that is damaged or of another place. */
export function openBackup(blob: string, place: BackupPlace): unknown {
  const text = Buffer.from(blob, 'base64url').toString('latin1');
  if (!text.startsWith(PREFIX)) throw malformedBackup();
  const [header = '', , iv = '', sealed = '', tag = '', ...rest] = text.slice(PREFIX.length).split('.');
  const key = keyOf(place);
  const kid = readKid(header);
  if (kid === undefined || tag === '' || rest.length > 0) throw malformedBackup();
  if (kid !== kidOf(key)) throw foreignBackup();
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, decode(iv)).setAAD(Buffer.from(header));
    decipher.setAuthTag(decode(tag));
    return JSON.parse(Buffer.concat([decipher.update(decode(sealed)), decipher.final()]).toString());
  } catch {
    throw malformedBackup();
  }
}

function readKid(header: string): string | undefined {
  try {
    const { kid } = JSON.parse(decode(header).toString()) as { kid?: unknown };
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** No secret: a blob must be restorable by another run of the stand. What it protects lives on this machine only. */
const keyOf = ({ subscription, geography }: BackupPlace): Buffer =>
  createHash('sha256').update(`stand backup|${subscription}|${geography}`).digest();

const kidOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 32);
const encode = (content: string | Uint8Array): string => Buffer.from(content).toString('base64url');
const decode = (text: string): Buffer => Buffer.from(text, 'base64url');
