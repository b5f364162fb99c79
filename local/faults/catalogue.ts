import type { Outcome, Reason } from '../../src/renewal/outcomes.ts';

/** A fault that the stand brings about on the wire or around it, and how a renewal must end that meets it. */
export interface FaultKind {
  /** Of the catalogue of faults; empty where it has none. */
  readonly ids: readonly string[];
  readonly what: string;
  /** Who is struck: one certificate, or everybody who uses what is struck. */
  readonly scope: 'certificate' | 'everybody';
  readonly outcome: Outcome;
  readonly reason: Reason;
}

type End = readonly [Outcome, Reason];
const served: End = ['renewed', 'served'];

/**
 * Every fault that the stand can be given by name. Names are those of the simulation; where the simulation has one name for
 * several ways to be wrong, each way is a name of its own here: `ca.san` is `ca.san-extra` and `ca.san-missing`.
 */
export const faultKinds = {
  'kv.429-after': one(['KV1'], 'the vault answers create and merge with 429 and Retry-After once', served),
  'kv.429': one(['KV2'], 'the vault answers create and merge with 429 without Retry-After once', served),
  'kv.500': one(['KV3'], 'the vault answers create with 500 five times, and has done nothing', served),
  'kv.ack-lost': one(['KV3'], 'the vault creates and merges, and the connection is cut before the answer', served),
  'kv.500-done': one(['KV3'], 'the vault creates and merges, and answers with 500', served),
  'kv.409': one(['KV6'], 'the vault answers create with 409 once: busy with the same object', served),
  'kv.lag': one(['KV7'], 'the vault shows the old version ten times more after the merge', served),
  'kv.read-only': all(['KV8'], 'the vault takes no writes for a while', served),
  'kv.403': all(['KV9'], 'the app loses its role on the vault in the middle', ['needs-person', 'vault-forbidden']),
  'kv.foreign-pending': one(['KV4'], 'somebody else opens a certificate operation right before ours', [
    'refused',
    'foreign-pending',
  ]),
  'kv.foreign-merge': one(['KV15'], 'somebody merges by hand while the issuer signs', ['not-needed', 'not-current']),
  'kv.foreign-discard': one(['KV6'], 'somebody deletes the pending operation', ['failed', 'step-failed']),
  'kv.policy-edit': one(['KV16'], 'somebody edits the policy between CSR and merge', [
    'needs-person',
    'policy-changed',
  ]),
  'net.slow': one([], 'every answer about the certificate is half a second late', served),
  'net.cut': one(['CA4'], 'the connection is cut before create, merge and deployment arrive', served),
  'net.truncate': one(['CA4'], 'the answers to create, merge and deployment end in the middle', served),
  'net.dns': all(['KV14'], 'no name can be resolved for a while', served),
  'net.slow-tls': all([], 'every TLS handshake with the vault takes three seconds for a while', served),
  'net.tls-expired': all(['CA15'], 'the vault shows an expired certificate of its own for a while', served),
  'id.down': all([], 'no token can be had for a while', served),
  'id.token-expired': all([], 'a token expires on its way to the vault, and one on its way to ARM', served),
  'arm.429': one(['TG11'], 'ARM answers the deployment with 429 and Retry-After once', served),
  'arm.500': one([], 'ARM answers the deployment with 500 twice, and has done nothing', served),
  'arm.ack-lost': one([], 'ARM deploys, and the connection is cut before the answer', served),
  'arm.403': all(['KV9'], 'the app loses its role on the sites in the middle', [
    'partly-deployed',
    'targets-unverified',
  ]),
  'table.fail': one(
    ['DF14'],
    'the table answers 503 five times when the order is written, and has done nothing',
    served,
  ),
  'table.ack-lost': one(
    ['DF14'],
    'every row of order and targets is written, and the connection cut before the answer',
    served,
  ),
  'journal.fail': one(
    ['DF14'],
    'the journal answers 500 five times when the order is recorded, and has done nothing',
    served,
  ),
  'journal.ack-lost': one(['DF14'], 'every record is appended, and the connection cut before the answer', served),
  'target.lies': one(['TG2', 'TG3'], 'one site says that it took the certificate and goes on with the old one', [
    'partly-deployed',
    'targets-unverified',
  ]),
  'clock.skew-ahead': all(['CK1'], 'the app’s clock is ten minutes ahead', served),
  'clock.skew-behind': all(['CK1'], 'the app’s clock is ten minutes behind', served),
  'ca.5xx': one(['CA4'], 'the issuer’s key vault answers with 503 five times', served),
  'ca.ack-lost': one(['CA1'], 'the issuer signs, and the connection is cut before the answer', served),
  'ca.rate-limit': one(['CA5'], 'the issuer asks to come back in ten seconds', served),
  'ca.reject': one(['CA3'], 'the issuer says no to the names', ['rejected', 'issuer-rejected']),
  'ca.wrong-key': one(['CA6', 'KV11'], 'the certificate is for another key', ['rejected', 'wrong-key']),
  'ca.san-extra': one(['CA7'], 'the certificate has a name too many', ['rejected', 'names-differ']),
  'ca.san-missing': one(['CA7'], 'the certificate lacks a name', ['rejected', 'names-differ']),
  'ca.weak': one(['CA8'], 'the chain is signed with SHA-1', ['rejected', 'signature-not-allowed']),
  'ca.eku-ca': one(['CA9'], 'the certificate may sign others', ['rejected', 'is-ca']),
  'ca.eku-client': one(['CA9'], 'the certificate is for TLS clients only', ['rejected', 'usage-differs']),
  'ca.dates-expired': one(['CA10'], 'the certificate has expired already', ['rejected', 'dates-not-accepted']),
  'ca.dates-future': one(['CA10'], 'the certificate is not valid yet', ['rejected', 'dates-not-accepted']),
  'ca.dates-short': one(['CA10'], 'the certificate ends within a day', ['rejected', 'dates-not-accepted']),
  'ca.dates-long': one(['CA10'], 'the certificate lives for three years', ['rejected', 'dates-not-accepted']),
  'ca.old-serial': one(['CA11'], 'the certificate has the serial number of the old one', ['rejected', 'serial-reused']),
  'ca.chain-missing': one(['CA12'], 'the chain lacks the authority between', ['rejected', 'chain-broken']),
  'ca.chain-wrong': one(['CA12'], 'the chain has a stranger of the same name between', ['rejected', 'chain-broken']),
  'ca.chain-expired': one(['CA12'], 'the authority between has expired', ['rejected', 'chain-broken']),
  'ca.junk': one(['CA13'], 'the issuer sends 1 MB of junk as its own certificate', ['failed', 'step-failed']),
  'ca.junk-chain': one(['CA13'], 'the issuer sends a chain of half a megabyte', ['rejected', 'chain-too-large']),
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof faultKinds;

export const faultNames = Object.keys(faultKinds) as readonly FaultName[];

/** Older names that the command line still takes. */
const formerNames: Readonly<Record<string, FaultName>> = { 'issuer.wrong-key': 'ca.wrong-key' };

/** The fault of that name, present or former. */
export function faultNamed(text: string): FaultName | undefined {
  if (Object.hasOwn(formerNames, text)) return formerNames[text];
  return Object.hasOwn(faultKinds, text) ? (text as FaultName) : undefined;
}

function one(ids: readonly string[], what: string, [outcome, reason]: End): FaultKind {
  return { ids, what, scope: 'certificate', outcome, reason };
}

function all(ids: readonly string[], what: string, [outcome, reason]: End): FaultKind {
  return { ids, what, scope: 'everybody', outcome, reason };
}
