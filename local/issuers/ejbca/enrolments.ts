import { certifyAt } from '../certify.ts';
import { readSubmittedCsr, type SubmittedCsr } from '../submitted-csr.ts';
import type { EjbcaServer } from './ejbca.ts';

export interface Issued {
  readonly username: string;
  readonly der: Buffer;
  /** As the API calls the reason. */
  revoked?: string;
}

type Read = Extract<SubmittedCsr, { state: 'read' }>;

interface EndEntity {
  readonly username: string;
  readonly password: string;
  readonly request: Read;
  status: 'new' | 'generated';
}

/** End entities by name, and the ones that somebody has to approve by the number of the request. */
export interface Registration {
  readonly endEntities: Map<string, EndEntity>;
  readonly requests: Map<number, { readonly endEntity: EndEntity; state: 'waiting' | 'approved' | 'rejected' }>;
  readonly certificates: Issued[];
}

/** What becomes of a request, with the status of the answer. */
export class EjbcaError extends Error {
  override readonly name = 'EjbcaError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Somebody has to agree first: 202. */
export class WaitingForApproval extends Error {
  override readonly name = 'WaitingForApproval';
  readonly request: number;

  constructor(message: string, request: number) {
    super(message);
    this.request = request;
  }
}

type Body = Readonly<Record<string, unknown>>;

const FIRST_REQUEST = 1_000_001;
const BACKDATED_MILLISECONDS = 10 * 60_000;
const DAY_MILLISECONDS = 86_400_000;

/** pkcs10enroll: an end entity of that name is made, or made over, and gets a certificate. */
export async function enrol(server: EjbcaServer, body: Body): Promise<Issued> {
  checkNames(server, body);
  const username = textOf(body, 'username');
  const password = textOf(body, 'password');
  const request = await readRequest(body);
  checkProfile(server, request);
  const endEntity: EndEntity = { username, password, request, status: 'new' };
  if (server.approval || server.faults.strike('held', request.names)) throw holdUp(server, endEntity);
  if (server.faults.strike('rejected', request.names)) {
    throw new EjbcaError(400, 'Request was rejected by the validator of the certificate profile.');
  }
  server.registration.endEntities.set(username, endEntity);
  return generate(server, endEntity);
}

function checkNames({ names }: EjbcaServer, body: Body): void {
  const known = [
    ['certificate_authority_name', names.ca, 'CA'],
    ['certificate_profile_name', names.certificateProfile, 'Certificate profile'],
    ['end_entity_profile_name', names.endEntityProfile, 'End entity profile'],
  ] as const;
  for (const [member, name, what] of known) {
    const wanted = textOf(body, member);
    if (wanted !== name) throw new EjbcaError(404, `${what} '${wanted}' does not exist`);
  }
}

function textOf(body: Body, member: string): string {
  const value = body[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new EjbcaError(400, `Invalid parameter: ${member}`);
}

async function readRequest(body: Body): Promise<Read> {
  const read = await readSubmittedCsr(body.certificate_request);
  if (read.state === 'read') return read;
  throw new EjbcaError(400, read.state === 'forged' ? 'Failed to verify POPO' : 'Could not decode certificate request');
}

function checkProfile({ suffixes }: EjbcaServer, { names }: Read): void {
  const isAllowed = (name: string) =>
    suffixes?.some((suffix) => name === suffix || name.endsWith(`.${suffix}`)) ?? true;
  const stranger = names.find((name) => !isAllowed(name));
  if (stranger !== undefined) {
    throw new EjbcaError(422, `User field DNSNAME (${stranger}) does not match the end entity profile`);
  }
}

/** One request for one name: a second one is refused until the first is decided. */
function holdUp({ registration: { requests } }: EjbcaServer, endEntity: EndEntity): Error {
  for (const { endEntity: other, state } of requests.values()) {
    if (state === 'waiting' && other.username === endEntity.username) {
      return new EjbcaError(400, 'There already exists an approval request for this end entity');
    }
  }
  const id = FIRST_REQUEST + requests.size;
  requests.set(id, { endEntity, state: 'waiting' });
  return new WaitingForApproval(`The request with ID ${id} has been added for approval`, id);
}

/** Whoever approves does so between two looks, unless a fault holds it up or says no. */
export async function finalize(server: EjbcaServer, id: number, body: Body): Promise<Issued> {
  const { registration, faults } = server;
  const request = registration.requests.get(id);
  if (request === undefined) throw new EjbcaError(400, `Could not find request with Id '${id}'`);
  if (textOf(body, 'response_format') !== 'DER') throw new EjbcaError(400, 'Invalid parameter: response_format');
  const { endEntity } = request;
  if (request.state === 'waiting') {
    if (faults.strike('held', endEntity.request.names)) {
      throw new WaitingForApproval(`Request with Id '${id}' is still waiting for approval`, id);
    }
    request.state = faults.strike('rejected', endEntity.request.names) ? 'rejected' : 'approved';
    if (request.state === 'approved') registration.endEntities.set(endEntity.username, endEntity);
  }
  if (request.state === 'rejected') throw new EjbcaError(400, `Request with Id '${id}' has been rejected`);
  if (endEntity.status === 'generated')
    throw new EjbcaError(400, `Enrollment with Id '${id}' has already been finalized`);
  if (body.password !== endEntity.password) {
    throw new EjbcaError(403, `Got request for user with wrong enrollment code: ${endEntity.username}`);
  }
  return generate(server, endEntity);
}

function generate(server: EjbcaServer, endEntity: EndEntity): Issued {
  const { csr, names, commonName } = endEntity.request;
  const now = server.clock.now().getTime() - BACKDATED_MILLISECONDS;
  const life = { notBefore: new Date(now), notAfter: new Date(now + server.lifeDays * DAY_MILLISECONDS - 1000) };
  const { der } = certifyAt(server, { spki: csr.spki, names, commonName, ...life });
  const issued: Issued = { username: endEntity.username, der };
  server.registration.certificates.push(issued);
  endEntity.status = 'generated';
  return issued;
}
