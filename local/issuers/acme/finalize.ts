import { createHash } from 'node:crypto';
import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import type { CsrDetails } from '../../../src/certificate/types.ts';
import type { EmulatorResponse } from '../../emulator.ts';
import { payloadOf, type SignedCall, shown } from './call.ts';
import { fromBase64url } from './json.ts';
import { hostOf } from './names.ts';
import { orderShape, ownOrder, settleOrder, stateOf, waitHeader } from './orders.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import type { Order } from './records.ts';
import { type AcmeServer, later } from './settings.ts';

/** RFC 8555 7.4: a request that is refused leaves the order ready, so that a better one may follow. */
export async function finalizeOrder(server: AcmeServer, call: SignedCall): Promise<EmulatorResponse> {
  const order = ownOrder(server, call);
  await settleOrder(server, order);
  const state = stateOf(server, order);
  if (state !== 'ready') throw new AcmeProblem('orderNotReady', `Order's status ("${state}") was not ready`);
  const csr = await readRequest(payloadOf(call).csr);
  checkNames(csr, order);
  checkKey(server, csr);
  const hosts = order.identifiers.map(({ value }) => hostOf(value));
  const slow = server.faults.strike('slow-issuance', hosts);
  order.csr = csr.der;
  order.issueAt = later(server, server.issuanceSeconds, slow?.seconds);
  const headers = { location: call.places.order(order.id), ...waitHeader(server, order) };
  return shown(200, orderShape(server, order, call.places), headers);
}

async function readRequest(value: unknown): Promise<CsrDetails> {
  const der = fromBase64url(value, 'the CSR');
  const details = await readOrRefuse(der);
  if (!(await verifyCsr(der))) throw new AcmeProblem('badCSR', 'Bad signature on CSR');
  return details;
}

async function readOrRefuse(der: Buffer): Promise<CsrDetails> {
  try {
    return readCsr(der);
  } catch (error) {
    throw malformed(`Error parsing Base64url-encoded CSR: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const COMMON_NAME = '2.5.4.3';

/** Exactly the names of the order, the common name counted among them, and nothing else that could be certified. */
function checkNames(csr: CsrDetails, { identifiers }: Order): void {
  const { dns, ...others } = csr.names;
  if (Object.values(others).flat().length > 0) {
    throw new AcmeProblem('badCSR', 'CSR contains names that are not DNS names');
  }
  const common = csr.subject.flat().filter(({ type }) => type === COMMON_NAME);
  const asked = new Set([...dns, ...common.map(({ value }) => value)].map((name) => name.toLowerCase()));
  if (asked.size !== identifiers.length) {
    throw unauthorized('Order includes different number of DNSnames identifiers than CSR specifies');
  }
  const missing = identifiers.find(({ value }) => !asked.has(value));
  if (missing !== undefined) throw unauthorized(`CSR is missing Order domain "${missing.value}"`);
}

const goodKeys: readonly string[] = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384'];

/** RFC 8555 11.1 wants keys of accounts kept apart. */
function checkKey(server: AcmeServer, { keyType, spki, spkiSha256 }: CsrDetails): void {
  if (!goodKeys.includes(keyType))
    throw new AcmeProblem('badCSR', `CSR has a key of a type that is not allowed: ${keyType}`);
  if (server.records.blockedKeys.has(spkiSha256)) throw new AcmeProblem('badCSR', 'public key is forbidden');
  const hash = spkiHash(spki);
  const isOfAccount = [...server.records.accounts.values()].some(
    ({ key }) => spkiHash(key.key.export({ type: 'spki', format: 'der' })) === hash,
  );
  if (isOfAccount) throw new AcmeProblem('badCSR', 'CSR contains a public key for a known account');
}

const spkiHash = (spki: Uint8Array): string => createHash('sha256').update(spki).digest('hex');
