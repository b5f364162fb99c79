import { type KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';

/** Something that must be nowhere but where it belongs. */
export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A text or file that was looked through. */
export interface Place {
  readonly name: string;
  readonly content: Buffer;
}

/** What is looked for in a place: the canary's forms, of which one is enough. */
interface Needle {
  readonly canary: string;
  readonly form: string;
  readonly text: string;
}

/**
 * The number that makes a private key private. It is in every form of the key, PKCS#8, PKCS#12 without encryption and
 * JWK alike, so that one search finds them all.
 */
export function privateNumber(name: string, key: KeyObject): Canary {
  const { d = '' } = key.export({ format: 'jwk' });
  return { name: `private key of ${name}`, bytes: Buffer.from(d, 'base64url').subarray(0, 48) };
}

export function textCanary(name: string, text: string): Canary {
  return { name, bytes: Buffer.from(text) };
}

/** Bytes as they are, and as the middle of anything that was written as hex, base64 or for a URL. */
export function needlesOf({ name: canary, bytes }: Canary): readonly Needle[] {
  const raw = bytes.toString('latin1');
  const hex = bytes.toString('hex');
  const escaped = JSON.stringify(bytes.toString('utf8')).slice(1, -1);
  const inner = [0, 1, 2].flatMap((shift) => {
    // What stands before moves the groups of three octets; the groups at both ends belong to neighbours.
    const base64 = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4);
    return [base64, base64.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(base64)];
  });
  const forms: readonly (readonly [string, string])[] = [
    ['raw', raw],
    ['JSON', escaped],
    ['percent', encodeURIComponent(raw)],
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ...inner.map((text) => ['base64', text] as const),
  ];
  return forms.map(([form, text]) => ({ canary, form, text }));
}

/** Forms of secrets that nobody has planted: any private key in PEM, any token, any signature or key in a URL. */
const shapes: readonly (readonly [string, RegExp])[] = [
  ['a private key in PEM', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ['an access token', /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
  ['a signature or key in a URL', /[?&](?:sig|code)=(?!REDACTED|\*|…)[\w%+/=-]{8,}/i],
];

/** `place: what` for each secret that is found. Line ends count for nothing: PEM and logs break lines anywhere. */
export function findSecrets(places: readonly Place[], canaries: readonly Canary[]): readonly string[] {
  const needles = canaries.flatMap(needlesOf).filter(({ text }) => text.length >= 8);
  return places.flatMap(({ name, content }) => {
    const asIs = content.toString('latin1');
    const joined = asIs.replace(/[\r\n]|\\[rn]/g, '');
    const found = needles.filter(({ text }) => asIs.includes(text) || joined.includes(text));
    const shaped = shapes.filter(([, shape]) => shape.test(asIs)).map(([what]) => what);
    return [...new Set([...found.map(({ canary }) => canary), ...shaped])].map((what) => `${name}: ${what}`);
  });
}

/** Every file below a folder, whatever it is. */
export async function filesOf(folder: string): Promise<readonly Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => ({ name: relative(folder, file), content: await readFile(file) })));
}

/** Every row, blob and queue message of a storage account, by what the account itself lists. */
export async function storedOf(connectionString: string): Promise<readonly Place[]> {
  const options = { allowInsecureConnection: true };
  const places: Place[] = [];
  const add = (name: string, value: unknown): void => {
    places.push({ name, content: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) });
  };
  for await (const { name = '' } of TableServiceClient.fromConnectionString(connectionString, options).listTables()) {
    for await (const row of TableClient.fromConnectionString(connectionString, name, options).listEntities()) {
      add(`table ${name}`, row);
    }
  }
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  for await (const { name } of blobs.listContainers()) {
    for await (const blob of blobs.getContainerClient(name).listBlobsFlat()) {
      const content = await blobs.getContainerClient(name).getBlobClient(blob.name).downloadToBuffer();
      places.push({ name: `blob ${name}/${blob.name}`, content });
    }
  }
  const queues = QueueServiceClient.fromConnectionString(connectionString);
  for await (const { name } of queues.listQueues()) {
    add(`queue ${name}`, (await queues.getQueueClient(name).peekMessages({ numberOfMessages: 32 })).peekedMessageItems);
  }
  return places;
}

/** Proof that the certificate and the key belong together: a search for another key would find nothing. */
export function isPair(certificate: Uint8Array, key: KeyObject): boolean {
  return new X509Certificate(certificate).checkPrivateKey(key);
}
