/**
 * How a fault comes about. `call`: at a call, with a probability. `event`: to an event on its way, with a probability.
 * `ambush`: somebody does it while a renewal runs, with a probability. `deed`: somebody does it at any time, so many times
 * a simulated day.
 */
type Way = 'call' | 'event' | 'ambush' | 'deed';

export interface FaultKind {
  /** Of the catalogue of faults; empty where it has none. */
  readonly ids: readonly string[];
  readonly way: Way;
  /** From the rarest to the most frequent that a seed chooses: a probability, or times a day. */
  readonly rate: readonly [number, number];
  readonly what: string;
}

/** Every fault that the present features can meet, by the name it is injected by. */
export const faultKinds = {
  'kv.429-after': kind('call', ['KV1'], [0.01, 0.2], 'the vault says 429 with Retry-After'),
  'kv.429': kind('call', ['KV2'], [0.01, 0.2], 'the vault says 429 without Retry-After'),
  'kv.500': kind('call', ['KV3'], [0.01, 0.2], 'the vault says 500 and has done nothing'),
  'kv.ack-lost': kind('call', ['KV3'], [0.02, 0.4], 'the vault did it, and the answer is lost'),
  'kv.409': kind('call', ['KV6'], [0.02, 0.2], 'the vault is busy with the same object'),
  'kv.lag': kind('call', ['KV7'], [0.1, 0.8], 'the vault shows the old version for a while after a merge'),
  'kv.read-only': kind('deed', ['KV8'], [0.3, 2.1], 'a vault takes no writes for hours'),
  'kv.403': kind('deed', ['KV9'], [0.3, 2.1], 'the role on the vaults is missing for hours'),
  'kv.foreign-pending': kind('ambush', ['KV4'], [0.1, 0.6], 'somebody else opens a certificate operation'),
  'kv.foreign-merge': kind('ambush', ['KV15'], [0.1, 0.6], 'somebody merges a certificate by hand'),
  'kv.foreign-discard': kind('ambush', ['KV6'], [0.1, 0.6], 'somebody deletes the pending operation'),
  'kv.policy-edit': kind('ambush', ['KV16'], [0.3, 0.9], 'somebody edits the policy'),
  'kv.soft-delete': kind(
    'deed',
    ['KV10', 'EG11'],
    [0.1, 0.4],
    'somebody deletes the certificate, and recovers it hours later',
  ),
  'kv.disable': kind('deed', ['EG11'], [0.3, 1.2], 'somebody disables the current version for hours'),
  'kv.auto-renew': kind('deed', ['KV13'], [0.3, 1.2], 'the vault makes a new version of its own'),
  'net.dns': kind('call', ['KV14'], [0.01, 0.1], 'a name cannot be resolved'),
  'net.cut': kind('call', ['CA4'], [0.01, 0.1], 'the connection is cut before the request arrives'),
  'net.late': kind('call', ['KV3'], [0.01, 0.2], 'the client gives up, and the request arrives later'),
  'net.hang': kind('call', [], [0.01, 0.1], 'no answer ever comes'),
  'net.truncate': kind('call', ['CA4'], [0.01, 0.1], 'the body of the answer is cut off'),
  'net.slow': kind('call', ['EG8'], [0.01, 0.3], 'the answer takes up to a minute'),
  'id.down': kind('call', [], [0.02, 0.3], 'no token can be had'),
  'arm.429': kind('call', ['TG11'], [0.02, 0.3], 'ARM says 429 with Retry-After'),
  'arm.500': kind('call', [], [0.02, 0.3], 'ARM says 500 and has done nothing'),
  'arm.ack-lost': kind('call', [], [0.02, 0.4], 'ARM did it, and the answer is lost'),
  'arm.403': kind('deed', ['KV9', 'TG10'], [0.3, 2.1], 'the role on the sites is missing for hours'),
  'arm.gone': kind('deed', ['TG9'], [0.15, 0.9], 'a site’s certificate resource is deleted, or a machine for hours'),
  'app.no-sync': kind('deed', ['TG4'], [0.6, 3], 'App Service does not read the vault by itself for hours'),
  'app.binding': kind('deed', ['TG5'], [0.6, 6], 'bindings stay on the old thumbprint for hours'),
  'target.lies': kind('deed', ['TG8'], [0.6, 6], 'a site goes on serving the old certificate for a while'),
  'target.down': kind('deed', ['TG12'], [0.6, 6], 'a target cannot be reached for a while'),
  'vm.off': kind(
    'ambush',
    ['TG1'],
    [0.2, 0.9],
    'machines are off for hours, and read the vault when they are on again',
  ),
  'vm.lie': kind('ambush', ['TG2'], [0.2, 0.9], 'the script ends well on machines, and has changed nothing'),
  'vm.no-reload': kind('ambush', ['TG3'], [0.2, 0.9], 'machines have the new file, and serve what they read before'),
  'vm.stuck': kind(
    'ambush',
    [],
    [0.2, 0.9],
    'machines have no agent, a script that fails, or one that takes ten minutes',
  ),
  'table.fail': kind('call', ['EG9', 'DF14'], [0.01, 0.1], 'a table does not answer'),
  'table.ack-lost': kind('call', ['DF14'], [0.02, 0.3], 'a row was written, and the answer is lost'),
  'table.conflict': kind(
    'call',
    ['DF3'],
    [0.02, 0.3],
    'a row was written, and a repeat within the client is told of a conflict',
  ),
  'journal.fail': kind('call', ['DF14'], [0.01, 0.1], 'the journal does not answer'),
  'journal.ack-lost': kind('call', ['DF14'], [0.02, 0.2], 'a record was appended, and the answer is lost'),
  'ca.ack-lost': kind('call', ['CA1'], [0.1, 0.6], 'the issuer took the order, and the answer is lost'),
  'ca.pending': kind('call', ['CA2'], [0.1, 0.8], 'the issuer needs minutes to a day'),
  'ca.reject': kind('call', ['CA3'], [0.1, 0.5], 'the issuer says no'),
  'ca.5xx': kind('call', ['CA4'], [0.1, 0.6], 'the issuer does not answer'),
  'ca.rate-limit': kind('call', ['CA5'], [0.1, 0.5], 'the issuer asks to come back later'),
  'ca.wrong-key': kind('call', ['CA6', 'KV11'], [0.2, 0.6], 'the certificate is for another key'),
  'ca.san': kind('call', ['CA7'], [0.2, 0.6], 'a name too many, or one is missing'),
  'ca.weak': kind('call', ['CA8'], [0.2, 0.6], 'signed with SHA-1'),
  'ca.eku': kind('call', ['CA9'], [0.2, 0.6], 'the certificate is a CA, or no TLS server'),
  'ca.dates': kind('call', ['CA10'], [0.2, 0.6], 'ends too early, is not valid yet, or lives too long'),
  'ca.old': kind('call', ['CA11'], [0.2, 0.6], 'the old certificate again'),
  'ca.chain': kind('call', ['CA12'], [0.2, 0.6], 'the chain has gaps, a stranger, a wrong order or its root'),
  'ca.junk': kind('call', ['CA13'], [0.2, 0.6], 'no certificate at all'),
  'ca.nonce': kind('call', ['CA14'], [0.01, 0.3], 'the public CA refuses a good nonce'),
  'ca.look': kind('call', ['CA14'], [0.02, 0.3], 'the public CA looks, and finds no answer: the order turns invalid'),
  'ca.tls-expired': kind(
    'deed',
    ['CA15'],
    [0.3, 2.1],
    'the TLS certificate of the public CA’s host has expired, for hours',
  ),
  'ca.early': kind('deed', ['CA16'], [0.6, 3], 'the public CA revokes a certificate, or wishes it to be replaced now'),
  'ca.refused': kind('deed', ['CA17'], [0.3, 2.1], 'the public CA refuses our account for hours'),
  'eg.duplicate': kind('event', ['EG1', 'EG12'], [0.2, 0.9], 'an event is delivered two to five times'),
  'eg.reissue': kind('event', ['EG2'], [0.2, 0.9], 'the same fact in another event'),
  'eg.reorder': kind('event', ['EG3', 'EG4'], [0.2, 0.9], 'an event comes minutes to hours late'),
  'eg.drop': kind('event', ['EG5'], [0.2, 1], 'an event never comes'),
  'eg.delay': kind('event', ['EG6'], [0.1, 0.5], 'an event comes 20 hours late'),
  'eg.ack-lost': kind('event', ['EG1'], [0.1, 0.5], 'an event was taken, and the answer is lost'),
  'eg.batch': kind('event', ['EG7'], [0.1, 0.5], 'something that is no event lies among those of a delivery'),
  'eg.forge': kind('deed', ['EG10'], [0.6, 6], 'an event about a vault that is not ours'),
  'hub.fail': kind('call', ['EG9'], [0.02, 0.3], 'the durable client gets no answer'),
  'hub.ack-lost': kind('call', ['DF1'], [0.02, 0.4], 'an instance was started, and the answer is lost'),
  'hub.stale': kind('call', ['DF9'], [0.1, 0.6], 'an instance that has ended is still said to run'),
  'host.crash': kind('call', ['DF1'], [0.002, 0.05], 'the worker dies at an effect: before it or after it'),
  'host.crash-all': kind('call', ['DF2'], [0.001, 0.02], 'the host dies with its worker; what was not durable is lost'),
  'host.dup-activity': kind('call', ['DF3'], [0.02, 0.5], 'an activity runs twice, side by side'),
  'host.late-activity': kind('call', ['DF3'], [0.02, 0.3], 'an activity runs once more, minutes after its end'),
  'host.dup-completion': kind('call', ['DF4'], [0.05, 0.5], 'the end of an activity is told twice'),
  'host.late-timer': kind('call', ['DF10'], [0.05, 0.5], 'a durable timer fires hours late'),
  'host.down': kind('deed', ['DF7'], [0.1, 0.5], 'host and worker are away for hours'),
  'host.purge': kind('ambush', ['DF12'], [0.1, 0.6], 'an instance is purged while it runs'),
  'host.terminate': kind('ambush', ['DF15', 'KV5'], [0.1, 0.6], 'an operator terminates a running instance'),
  'clock.skew': kind('deed', ['CK1'], [0.6, 3], 'the app’s clock is minutes wrong'),
  'person.force': kind('deed', [], [0.6, 12], 'a person asks for a renewal, whatever the plan says'),
  'person.cancel': kind('ambush', [], [0.1, 0.6], 'a person cancels a running renewal'),
  'k8s.cache': kind('ambush', ['TG6'], [0.2, 0.9], 'an ingress goes on with what it has, whatever its pods have'),
  'k8s.409': kind('call', ['TG7'], [0.3, 0.8], 'somebody else has written the workload in between'),
  'k8s.denied': kind('ambush', ['TG7'], [0.2, 0.9], 'an admission webhook refuses every change for hours'),
  'k8s.500': kind('call', [], [0.02, 0.3], 'the API server of a cluster says 503 and has done nothing'),
  'k8s.ack-lost': kind('call', [], [0.02, 0.4], 'the API server did it, and the answer is lost'),
  'k8s.stuck': kind('ambush', [], [0.2, 0.9], 'new pods never get ready, or the driver does not poll, for hours'),
  'k8s.evict': kind('ambush', [], [0.3, 0.9], 'nodes are drained: pods are made anew of the same template'),
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof faultKinds;

export const faultNames = Object.keys(faultKinds) as readonly FaultName[];

/** What can happen to clusters alone, which few estates have. */
export const clusterFaults: readonly FaultName[] = faultNames.filter((name) => name.startsWith('k8s.'));

function kind(way: Way, ids: readonly string[], rate: readonly [number, number], what: string): FaultKind {
  return { ids, way, rate, what };
}
