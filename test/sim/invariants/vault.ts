import { createHash, type X509Certificate } from 'node:crypto';
import { spkiOf } from '../../../local/transport/x509.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { SimCertificate } from '../world/estate.ts';
import type { SeenRequest } from '../world/sightings.ts';
import type { World } from '../world/world.ts';
import type { Invariant, Watched } from './invariant.ts';
import { knownOf, vaultMutation } from './known.ts';

const DAY = 86_400_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** DER of the OIDs of ECDSA and RSA with SHA-1. */
const weakSignatures = ['06072a8648ce3d0401', '06092a864886f70d010105'].map((hex) => Buffer.from(hex, 'hex'));

export interface Merged {
  readonly leaf: X509Certificate;
  /** The version that it replaced. */
  readonly before: X509Certificate | undefined;
  readonly certificate: SimCertificate;
  readonly id: string;
}

/** Calls `judge` for each version that the app has merged. */
function onMerge({ world }: Watched, judge: (merged: Merged) => void) {
  const known = knownOf(world);
  return {
    request(seen: Parameters<typeof vaultMutation>[0]) {
      const mutation = vaultMutation(seen);
      const certificate = mutation && world.certificate(mutation.certificate);
      if (mutation?.kind !== 'merge' || certificate === undefined) return;
      const leaf = known.learn(Buffer.from(String(mutation.body.cer), 'base64'));
      const versions = world.cloud
        .vault(certificate.vault)
        .snapshot()
        .find(({ name }) => name === certificate.name)?.versions;
      const before = known.leaves.get(versions?.at(-2)?.sha256 ?? '');
      judge({ leaf, before, certificate, id: mutation.certificate });
    },
  };
}

/** Hashes of the CSRs that the vault has shown the app, by the public key's hash. */
function learnCsr({ url, status, body }: SeenRequest, keys: Map<string, string>): void {
  if (status >= 300 || !/\/(create|pending)$/.test(url.pathname)) return;
  const { csr: text } = JSON.parse(body) as { csr?: string };
  // Read once: the vault shows an operation again and again.
  if (text === undefined || keys.has(text)) return;
  keys.set(text, text);
  const csr = readCsr(Buffer.from(text, 'base64'));
  keys.set(csr.spkiSha256, csr.sha256);
}

/** The leaf that a merge is asked for, whatever the vault says to it: the vault is not the only one to look. */
function offeredForMerge({ method, url, requestBody }: SeenRequest): { certificate: string; leaf: Buffer } | undefined {
  const [, , name = ''] = url.pathname.split('/');
  if (method !== 'POST' || !url.pathname.endsWith('/pending/merge')) return undefined;
  const { x5c = [] } = JSON.parse(requestBody) as { x5c?: readonly string[] };
  return { certificate: `${url.host.split('.')[0]}/${name}`, leaf: Buffer.from(x5c[0] ?? '', 'base64') };
}

const namesOf = (leaf: X509Certificate): string => (leaf.subjectAltName ?? '').split(', ').sort().join(',');

export const vaultInvariants: readonly Invariant[] = [
  {
    id: 'I5',
    says: 'what is handed over for a merge carries the key of the request that an order of this certificate is for',
    watch({ world, check }) {
      const known = knownOf(world);
      const keys = new Map<string, string>();
      return {
        request(seen) {
          learnCsr(seen, keys);
          const offered = offeredForMerge(seen);
          if (offered === undefined || world.certificate(offered.certificate) === undefined) return;
          const csr = keys.get(sha256Hex(spkiOf(known.learn(offered.leaf).publicKey)));
          const ofCertificate = [...known.orders.values()].filter(
            ({ vault, name }) => `${vault}/${name}` === offered.certificate,
          );
          check(
            csr !== undefined && ofCertificate.some(({ csrSha256 }) => csrSha256 === csr),
            () => `${offered.certificate}: nobody has ordered this key`,
          );
        },
      };
    },
  },
  {
    id: 'I6',
    says: 'what is merged has the names of the version before, an allowed key and signature, dates within the plan, and is issued by the pinned issuer',
    watch: (watched) =>
      onMerge(watched, (merged) => {
        const problem = problemOf(merged, watched);
        watched.check(problem === undefined, () => `${merged.id}: ${problem}`);
      }),
  },
  {
    id: 'I7',
    says: 'a merged version does not end before the one that it replaces',
    watch: (watched) =>
      onMerge(watched, ({ leaf, before, id }) => {
        const isLater = before === undefined || new Date(leaf.validTo) >= new Date(before.validTo);
        watched.check(isLater, () => `${id}: ${leaf.validTo} is before ${before?.validTo}`);
      }),
  },
  {
    id: 'D2',
    says: 'a pending operation that nobody of ours has ordered is never deleted by the app, nor cancelled at a partner (design 2)',
    watch({ world, check }) {
      const known = knownOf(world);
      const own = new Set<string>();
      return {
        request(seen) {
          const mutation = vaultMutation(seen);
          const csr = createHash('sha256')
            .update(Buffer.from(String(mutation?.body.csr ?? ''), 'base64'))
            .digest('hex');
          if (mutation?.kind === 'create') own.add(csr);
          if (mutation?.kind !== 'discard' && mutation?.kind !== 'cancel') return;
          // What a partner works on has an order of ours, whoever began it: it is waited for, and is its owner's to cancel.
          const isOrdered =
            mutation.kind === 'discard' && [...known.orders.values()].some(({ csrSha256 }) => csrSha256 === csr);
          check(own.has(csr) || isOrdered, () => `${mutation.certificate}: an operation of somebody else was deleted`);
        },
      };
    },
  },
  {
    id: 'I9',
    says: 'the app deletes no version, and disables one only where the plan says so: an old one that no target serves',
    watch: ({ world, check }) => ({
      request(seen) {
        const mutation = vaultMutation(seen);
        if (mutation === undefined) return;
        const deletes = mutation.kind === 'discard' && !seen.url.pathname.endsWith('/pending');
        const problem = mutation.kind === 'disable' ? whyNeeded(world, mutation.certificate, seen) : undefined;
        check(!deletes && problem === undefined, () => `${seen.method} ${seen.url.pathname}: ${problem ?? 'deleted'}`);
      },
    }),
  },
];

/** Why the version that was disabled should have been kept. */
function whyNeeded(world: World, id: string, { url }: SeenRequest): string | undefined {
  const certificate = world.certificate(id);
  if (certificate === undefined) return 'a certificate of nobody';
  if (certificate.plan.rollout.oldVersion !== 'disable') return 'the plan keeps it';
  const { vault, name, targets } = certificate;
  const stored = world.cloud.vault(vault).snapshot();
  const versions = stored.find((one) => one.name === name)?.versions ?? [];
  const disabled = versions.find(({ version }) => url.pathname.endsWith(`/${version}`));
  if (disabled === undefined || disabled === versions.at(-1)) return 'it is the current one, or none at all';
  const serving = targets.filter((target) => {
    const [leaf] = world.served(target) ?? [];
    return leaf !== undefined && sha256Hex(leaf.raw) === disabled.sha256;
  });
  return serving.length === 0 ? undefined : `${serving.map((target) => target.id).join(', ')} still serve it`;
}

export function problemOf({ leaf, before, certificate }: Merged, { world }: Watched): string | undefined {
  const { acceptance } = certificate.plan;
  const now = world.clock.milliseconds;
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  // As much as the app's clock may be wrong, and the tolerance that it grants others.
  const slack = 1_800_000;
  if (before !== undefined && namesOf(leaf) !== namesOf(before))
    return `names ${namesOf(leaf)} were ${namesOf(before)}`;
  if (leaf.ca || leaf.keyUsage?.includes(SERVER_AUTH) !== true) return 'no certificate of a TLS server';
  const { issuing: issuer } = world.cloud.authorityOf(certificate);
  if (!leaf.checkIssued(issuer) || !leaf.verify(issuer.publicKey)) return 'not issued by the pinned issuer';
  if (weakSignatures.some((oid) => leaf.raw.includes(oid))) return 'a weak signature';
  const curve = leaf.publicKey.asymmetricKeyDetails?.namedCurve ?? '';
  const keyType = { prime256v1: 'P-256', secp384r1: 'P-384' }[curve];
  if (!acceptance.keys.some((key) => key === keyType)) return `a key on ${curve}`;
  if (from > now + slack) return `not valid before ${leaf.validFrom}`;
  if (to < now + acceptance.minimumDays * DAY - slack) return `ends too early: ${leaf.validTo}`;
  return to - from > acceptance.maximumDays * DAY + slack ? 'lives too long' : undefined;
}
