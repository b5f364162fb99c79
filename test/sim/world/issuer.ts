import { type CertificateWish, certify } from '../../../local/pki.ts';
import { noNames } from '../../../src/certificate/alternative-names.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import type { CsrDetails } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { Issuer, OrderStatus } from '../../../src/issuers/port.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { badCertificates, wholeSeconds } from './bad-certificates.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

const DAY = 86_400_000;

/** The real vault CA, and before it everything that an issuer on the other side of the world may do. */
export function issuerOver(world: World, line: Line, issuer: Issuer): Issuer {
  return {
    ...issuer,
    async submit(request) {
      const strikes = striker(world, request.renewalId);
      world.see('asked', request.renewalId);
      if (strikes('ca.rate-limit', 'submit')) throw rateLimited(world, request.renewalId);
      if (strikes('ca.5xx', 'submit')) throw silent('submit');
      if (isRefused(world, request.renewalId)) return { state: 'rejected', reason: 'simulated: policy' };
      const answer = await issuer.submit(request);
      if (!('state' in answer)) world.requests.set(answer.reference, request.csr);
      if (strikes('ca.ack-lost', 'submit')) throw silent('submit');
      return answer;
    },
    async poll(order) {
      const renewalId = renewalOf(order.reference);
      const strikes = striker(world, renewalId);
      world.see('asked', renewalId, order.reference);
      if (strikes('ca.rate-limit', 'poll')) throw rateLimited(world, renewalId);
      if (strikes('ca.5xx', 'poll')) throw silent('poll');
      if (isRefused(world, renewalId)) return { state: 'rejected', reason: 'simulated: policy' };
      if (strikes('ca.pending', 'poll')) {
        const retryAfterSeconds = Math.round(world.dice.scale('pending', 5, 40_000));
        world.see('putOff', renewalId, retryAfterSeconds);
        return { state: 'pending', retryAfterSeconds };
      }
      const status = await issuer.poll(order);
      await line.turn(0);
      const csr = world.requests.get(order.reference);
      if (status.state !== 'issued' || csr === undefined) return status;
      return tampered({
        world,
        status,
        csr: readCsr(Buffer.from(csr, 'base64')),
        renewalId,
      });
    },
  };
}

type Strikes = (name: FaultName, verb: string) => boolean;

function striker(world: World, renewalId: string): Strikes {
  return (name, verb) => world.faults.strikes(name, `${verb} ${renewalId}`, world.certificateOfRenewal(renewalId));
}

/** Decided once an order: an issuer that has said no does not change its mind, and one that has said yes neither. */
function isRefused(world: World, renewalId: string): boolean {
  const known = world.refusals.get(renewalId);
  const refused = known ?? striker(world, renewalId)('ca.reject', 'order');
  world.refusals.set(renewalId, refused);
  return refused;
}

/** The reference of the vault CA is the hash of the key and the renewal's id. */
function renewalOf(reference: string): string {
  return reference.slice(65);
}

function silent(verb: string): RenewalError {
  return new RenewalError('issuer-unreachable', `simulated: ${verb}: no answer`);
}

function rateLimited(world: World, renewalId: string): RenewalError {
  const retryAfterSeconds = Math.round(world.dice.scale('rate limit', 10, 20_000));
  world.see('putOff', renewalId, retryAfterSeconds);
  return new RenewalError('issuer-unreachable', 'simulated: rate limit', { retryAfterSeconds });
}

interface Issued {
  readonly world: World;
  readonly status: Extract<OrderStatus, { state: 'issued' }>;
  readonly csr: CsrDetails;
  readonly renewalId: string;
}

type Tampering = (issued: Issued) => readonly Uint8Array[];

const signedBadly = Object.fromEntries(
  Object.entries(badCertificates).map(([name, changes]): [string, Tampering] => [
    name,
    (issued) => {
      const { dice, clock } = issued.world;
      return signed(issued, changes({ dice, csr: issued.csr, now: clock.milliseconds }));
    },
  ]),
);

const bad: Readonly<Partial<Record<FaultName, Tampering>>> = {
  'ca.wrong-key': (issued) => signed(issued, { spki: issued.world.ground.keys.draw('P-256').spki }),
  ...signedBadly,
  'ca.old': ({ world, renewalId }) => world.cloud.seeded.get(world.certificateOfRenewal(renewalId) ?? '') ?? [],
  'ca.junk': ({ world }) => [world.dice.bytes('junk', 300)],
  'ca.chain': ({ world, status }) => {
    const [leaf, ...rest] = status.chain.map((der) => new Uint8Array(Buffer.from(der, 'base64')));
    const honest = leaf === undefined ? [] : [leaf];
    const { root } = world.cloud;
    return world.dice.pick('chain', [
      honest,
      [...rest].reverse().concat(honest),
      [...honest, ...rest, new Uint8Array(root.der)],
      [...honest, ...honest, ...rest],
    ]);
  },
};

async function tampered(issued: Issued): Promise<OrderStatus> {
  const { world, renewalId, status } = issued;
  for (const [name, make] of Object.entries(bad) as [FaultName, Tampering][]) {
    // Decided once an order: an issuer that is asked again gives the same certificate.
    const key = `${name} ${renewalId}`;
    const known = world.tampered.get(key);
    if (known !== undefined) return { state: 'issued', chain: known };
    if (
      world.tampered.has(renewalId) ||
      !world.faults.strikes(name, `answer ${renewalId}`, world.certificateOfRenewal(renewalId))
    )
      continue;
    const chain = make(issued).map((der) => Buffer.from(der).toString('base64'));
    world.tampered.set(key, chain);
    world.tampered.set(renewalId, chain);
    return { state: 'issued', chain };
  }
  world.tampered.set(renewalId, []);
  return status;
}

function signed(
  { world, csr }: Issued,
  changes: Partial<CertificateWish> & { spki?: Uint8Array },
): readonly Uint8Array[] {
  const now = world.clock.milliseconds;
  return certify(world.cloud.issuing, {
    subject: csr.subject,
    names: { ...noNames, ...csr.names },
    notBefore: wholeSeconds(now - 300_000),
    notAfter: wholeSeconds(now + 30 * DAY),
    keyUsage: ['digitalSignature'],
    spki: csr.spki,
    ...changes,
  }).chain;
}
