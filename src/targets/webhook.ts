import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { jsonOf } from '../answer-words.ts';
import { sha256Hex } from '../certificate/fingerprint.ts';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import { RenewalError } from '../errors.ts';
import { plainText } from '../plain-text.ts';
import { type WebhookTarget, webhookKind } from '../plan/targets/webhook.ts';
import { chainProblem } from './chain-problem.ts';
import type { Look, Probe, RollBack, TargetAdapter, TargetOptions } from './port.ts';
import { probe } from './probe.ts';
import { tell } from './webhook-calls.ts';

export const kind = 'webhook';

/** What can be set, and what it means. */
export const settings: Readonly<Record<'name' | 'url' | 'secret' | 'keyId' | 'trust' | 'endpoint', string>> = {
  name: 'What the target is called.',
  url: 'Id of the secret in Key Vault that holds the https URL that takes the messages.',
  secret:
    'Id of the secret in Key Vault that both sides sign with: `whsec_` and base64, or a text of 24 bytes or more. Several, apart by white space, while one takes the place of another.',
  keyId: 'Sent as `webhook-key-id`, so that a receiver knows which of its secrets it is.',
  trust: "PEM certificates that vouch for the receiver's host; none: the public authorities.",
  endpoint:
    'Where it is probed: `host`, `port` (443 when it is left out), `sni` (the host, where that is a name). Absent: the receiver reports what is served.',
};

/**
 * Whatever deploys elsewhere: a signed message says what shall be served. That it was taken proves nothing; a TLS handshake
 * does, or, without an endpoint, the receiver's signed report of the certificates that are served.
 */
export function create(options: TargetOptions): TargetAdapter<WebhookTarget> {
  return {
    kind,
    capabilities: webhookKind.facts,
    probe: (target, look) => lookAt(options, target, look),
    async deploy(target, version) {
      const taken = await tell(options, target, { message: 'deploy', version });
      if (taken.state === 'refused') return taken;
      const { retryAfterSeconds } = taken.state === 'taken' ? taken : {};
      const detail = `${target.id} was told to serve the version`;
      return {
        state: 'deployed',
        detail,
        ...(retryAfterSeconds !== undefined && { lookAfterSeconds: retryAfterSeconds }),
      };
    },
    async rollBack(target, lastGood): Promise<RollBack> {
      const taken = await tell(options, target, { message: 'roll-back', version: lastGood });
      if (taken.state === 'refused') return { state: 'impossible', reason: taken.reason };
      return { state: 'rolled-back', detail: `${target.id} was told to go back to the version` };
    },
  };
}

/** A look at the endpoint is a look at the endpoint: what the receiver says of it then is not asked. */
async function lookAt(options: TargetOptions, target: WebhookTarget, look: Look): Promise<Probe> {
  if (target.endpoint === undefined) return report(options, target, look);
  return probe(target.endpoint, options);
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const status = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('serving'),
    /** PEM of what is served, the leaf first. */
    certificates: z.string(),
    runningSince: z.iso.datetime({ offset: true }),
    before: sha256.optional(),
  }),
  z.object({ state: z.literal('pending'), reason: z.string().optional() }),
  z.object({ state: z.literal('failed'), reason: z.string() }),
]);

/** The receiver's own word, and only when it is signed: hash and dates are read from the certificates, not believed. */
async function report(options: TargetOptions, target: WebhookTarget, { purpose, version }: Look): Promise<Probe> {
  const taken = await tell(options, target, { message: 'status', version });
  const at = options.clock.now().toISOString();
  const unreachable = (reason: string): Probe => ({ state: 'unreachable', at, reason });
  if (taken.state === 'refused') return unreachable(taken.reason);
  if (taken.state === 'unsigned') return unreachable(`the receiver's report is not signed by it: ${taken.detail}`);
  const said = status.safeParse(jsonOf(taken.text)).data;
  if (said === undefined) return unreachable("the receiver's report has not the form of one");
  switch (said.state) {
    case 'pending':
      return { state: 'pending', at, reason: plainText(said.reason ?? '') || 'the receiver is at it' };
    case 'failed': {
      const reason = plainText(said.reason) || 'the receiver gave no reason';
      // Before the deployment it can only mean an earlier one.
      return { state: purpose === 'baseline' ? 'pending' : 'failed', at, reason };
    }
    case 'serving':
      return serving(said, { at, roots: options.roots ?? [], now: options.clock.now() });
    default:
      return said satisfies never;
  }
}

function serving(
  said: Extract<z.infer<typeof status>, { state: 'serving' }>,
  { at, roots, now }: { readonly at: string; readonly roots: readonly string[]; readonly now: Date },
): Probe {
  const found = findCertificates(said.certificates);
  if (found.state !== 'read')
    return { state: 'unreachable', at, reason: `the receiver's report cannot be read: ${found.detail}` };
  try {
    const sent = found.ders.map((der) => new X509Certificate(der));
    const leaf = readCertificate(found.ders[0] ?? new Uint8Array());
    // A client's certificate has no name that somebody asks for.
    const host = leaf.names.dns[0]?.replace(/^\*\./, 'wildcard.');
    const trusted = roots.map((pem) => new X509Certificate(pem));
    const problem = host === undefined ? undefined : chainProblem({ sent, roots: trusted, host, now });
    return {
      ...{ state: 'served', at, sha256: leaf.sha256, serial: leaf.serial, notAfter: leaf.notAfter.toISOString() },
      chain: found.ders.map(sha256Hex),
      ...{ seenBy: 'report', runningSince: new Date(said.runningSince).toISOString() },
      ...(said.before !== undefined && { before: said.before }),
      ...(problem !== undefined && { problem }),
    };
  } catch (error) {
    const reason = error instanceof RenewalError ? error.message : 'one of its certificates is none';
    return { state: 'unreachable', at, reason: `the receiver's report cannot be read: ${plainText(reason)}` };
  }
}
