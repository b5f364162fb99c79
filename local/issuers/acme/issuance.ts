import { createPublicKey } from 'node:crypto';
import { readCsr } from '../../../src/certificate/csr.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { registeredDomain } from './limits.ts';
import { hostOf, namesKey } from './names.ts';
import { AcmeProblem } from './problem.ts';
import type { IssuedCertificate, Order } from './records.ts';
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
  const certificate = issue(server, order, { spki: readCsr(csr).spki, at: issueAt, hosts });
  order.certificate = certificate;
  server.records.certificates.set(certificate.id, certificate);
  server.records.byRenewalId.set(certificate.renewalId, certificate);
  server.limits.count('sameNames', namesKey(order.identifiers));
  for (const domain of new Set(hosts.map(registeredDomain))) server.limits.count('domain', domain);
}

interface Issue {
  readonly spki: Uint8Array;
  readonly at: Date;
  readonly hosts: readonly string[];
}

function issue(server: AcmeServer, order: Order, { spki, at, hosts }: Issue): IssuedCertificate {
  const { authorities, faults, chance } = server;
  const life = server.profiles.get(order.profile);
  const names = namesFor(server, order, hosts);
  const notBefore = order.notBefore ?? new Date(at.getTime() - BACKDATED);
  const notAfter = order.notAfter ?? new Date(notBefore.getTime() + (life?.lifeSeconds ?? 0) * 1000 - 1000);
  const first = names.find((name) => name.length <= LONGEST_COMMON_NAME);
  const leaf = authorities.issue({
    ...{ names, notBefore, notAfter },
    spki: faults.strike('wrong-key', hosts) ? strangeSpki(server) : spki,
    commonName: life?.hasCommonName ? first : undefined,
  });
  const keyId = Buffer.from(readCertificate(leaf.der).authorityKeyId ?? '', 'hex').toString('base64url');
  return {
    ...{ id: chance.id(), account: order.account, identifiers: order.identifiers, leaf: leaf.der, notBefore, notAfter },
    chains: chainsFor(server, hosts).map((chain) => [leaf.der, ...chain]),
    renewalId: `${keyId}.${Buffer.from(leaf.serial, 'hex').toString('base64url')}`,
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
