import { createPublicKey } from 'node:crypto';
import { readCsr } from '../../../src/certificate/csr.ts';
import { commonNameOid, valuesOf } from '../../../src/certificate/names.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import type { CsrDetails } from '../../../src/certificate/types.ts';
import type { Leaf } from '../authorities.ts';
import { registeredDomain } from './limits.ts';
import { hostOf, namesKey } from './names.ts';
import { AcmeProblem } from './problem.ts';
import type { Account, IssuedCertificate, Order } from './records.ts';
import type { AcmeServer } from './settings.ts';

const BACKDATED = 3_600_000;
const LONGEST_COMMON_NAME = 64;

/** Issues for an order whose time has come, or rejects it for good. */
export function completeOrder(server: AcmeServer, order: Order): void {
  const { csr, issueAt } = order;
  const isOpen = order.certificate === undefined && order.error === undefined;
  if (csr === undefined || issueAt === undefined || !isOpen || issueAt > server.clock.now()) return;
  const hosts = order.identifiers.map(({ value }) => hostOf(value));
  if (server.faults.strike('order-rejected', hosts)) {
    const detail = 'Error finalizing order: issuance is forbidden by policy';
    order.error = new AcmeProblem('rejectedIdentifier', detail, { status: 403 }).toDocument();
    return;
  }
  const certificate = issue(server, order, { csr: readCsr(csr), at: issueAt, hosts });
  order.certificate = certificate;
  keep(server, certificate);
  server.limits.count('sameNames', namesKey(order.identifiers));
  for (const domain of new Set(hosts.map(registeredDomain))) server.limits.count('domain', domain);
}

export function keep({ records }: Pick<AcmeServer, 'records'>, certificate: IssuedCertificate): void {
  records.certificates.set(certificate.id, certificate);
  records.byRenewalId.set(certificate.renewalId, certificate);
}

interface Issue {
  readonly csr: CsrDetails;
  readonly at: Date;
  readonly hosts: readonly string[];
}

function issue(server: AcmeServer, order: Order, { csr, at, hosts }: Issue): IssuedCertificate {
  const { authorities, faults } = server;
  const life = server.profiles.get(order.profile);
  const names = namesFor(server, order, hosts);
  const notBefore = order.notBefore ?? new Date(at.getTime() - BACKDATED);
  const notAfter = order.notAfter ?? new Date(notBefore.getTime() + (life?.lifeSeconds ?? 0) * 1000 - 1000);
  const leaf = authorities.issue({
    ...{ names, notBefore, notAfter },
    spki: faults.strike('wrong-key', hosts) ? strangeSpki(server) : csr.spki,
    commonName: life?.hasCommonName ? commonNameOf(csr, names) : undefined,
  });
  const { account, identifiers } = order;
  return certificateOf(server, leaf, { account, identifiers, notBefore, notAfter, above: chainsFor(server, hosts) });
}

/** As Boulder chooses it: the request's own, else the first name that is short enough. */
function commonNameOf({ subject }: CsrDetails, names: readonly string[]): string | undefined {
  const [asked = ''] = valuesOf(subject, commonNameOid);
  const short = names.filter((name) => name.length <= LONGEST_COMMON_NAME);
  return short.find((name) => name === asked.toLowerCase()) ?? short[0];
}

interface About {
  readonly account: Account;
  readonly identifiers: Order['identifiers'];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Chains from the issuing CA upwards. */
  readonly above: readonly (readonly Uint8Array[])[];
}

/** What is remembered of a leaf. */
export function certificateOf(
  { chance }: Pick<AcmeServer, 'chance'>,
  { der, serial }: Leaf,
  { above, ...about }: About,
): IssuedCertificate {
  const keyId = Buffer.from(readCertificate(der).authorityKeyId ?? '', 'hex').toString('base64url');
  return {
    ...{ id: chance.id(), leaf: der, ...about },
    chains: above.map((chain) => [der, ...chain]),
    renewalId: `${keyId}.${Buffer.from(serial, 'hex').toString('base64url')}`,
  };
}

function namesFor({ faults }: AcmeServer, { identifiers }: Order, hosts: readonly string[]): readonly string[] {
  const names = identifiers.map(({ value }) => value);
  if (faults.strike('extra-name', hosts)) return [...names, 'intruder.example'];
  if (faults.strike('missing-name', hosts) === undefined) return names;
  // A certificate without any name is none.
  return names.length > 1 ? names.slice(1) : ['intruder.example'];
}

function chainsFor({ authorities, faults }: AcmeServer, hosts: readonly string[]): readonly (readonly Uint8Array[])[] {
  if (faults.strike('missing-chain', hosts)) return [[]];
  return faults.strike('expired-intermediate', hosts) ? [authorities.expiredChain()] : authorities.chains();
}

function strangeSpki({ authorities }: AcmeServer): Uint8Array {
  return createPublicKey(authorities.strangeKey()).export({ type: 'spki', format: 'der' });
}
