import type { StandClock } from '../../clock.ts';
import type { Authorities } from '../authorities.ts';
import { certifyAt } from '../certify.ts';
import type { IssuerFaults } from '../faults.ts';
import { readSubmittedCsr } from '../submitted-csr.ts';
import type { DigicertOptions } from './digicert.ts';
import { DigicertError } from './errors.ts';

/** What an order, a reissue or a duplicate is asked to certify. */
export interface Demand {
  readonly csr: string;
  readonly commonName: string;
  readonly names: readonly string[];
  readonly days: number;
  readonly skipApproval: boolean;
}

type DemandStatus = 'needs_approval' | 'pending' | 'issued' | 'rejected' | 'canceled';

/** One certificate of an order, from the demand on. */
export interface DeskCertificate extends Demand {
  readonly id: number;
  readonly order: number;
  readonly mode: 'new' | 'reissue' | 'duplicate';
  readonly createdAt: Date;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  status: DemandStatus;
  /** DERs: the leaf, and what is above it. */
  der?: Buffer;
  above?: readonly Buffer[];
  serial?: string;
  comment?: string;
  /** When a later reissue has it revoked. */
  endsAt?: Date;
  revoked?: string;
  revocation?: 'pending';
}

/** Where orders lie, and the people who decide on them. */
export interface Desk {
  place(mode: DeskCertificate['mode'], demand: Demand, order?: number): Promise<DeskCertificate>;
  /** All certificates of an order, the newest last, as they stand now. */
  ofOrder(order: number): readonly DeskCertificate[];
  /** Everything that was demanded, as it stands now. */
  all(): readonly DeskCertificate[];
  /** Those that were issued. */
  certificates(): readonly DeskCertificate[];
  /** An administrator approves, or rejects, everything that waits for one. */
  decide(decision: 'approve' | 'reject', comment?: string): void;
  readonly isAdmin: boolean;
}

interface DeskOptions extends Pick<DigicertOptions, 'isAdmin' | 'validationSeconds' | 'reissueGraceSeconds'> {
  readonly clock: Pick<StandClock, 'now'>;
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
}

const HOUR = 3_600_000;
const THREE_DAYS_SECONDS = 3 * 86_400;
const FIRST_ORDER = 100_001;
const FIRST_CERTIFICATE = 500_001;

export function createDesk(options: DeskOptions): Desk {
  const { clock, faults, isAdmin = true } = options;
  const made: DeskCertificate[] = [];
  let orders = FIRST_ORDER;
  const now = (): Date => clock.now();
  const settled = (): readonly DeskCertificate[] => {
    for (const one of made) settle(one, made, options);
    return made;
  };
  return {
    isAdmin,
    all: settled,
    ofOrder: (order) => settled().filter((one) => one.order === order),
    certificates: () => settled().filter(({ der }) => der !== undefined),
    async place(mode, demand, order = orders++) {
      const spki = await keyOf(demand);
      if (demand.skipApproval && !isAdmin) {
        throw new DigicertError(403, 'access_denied', 'Only an administrator can skip the approval step.');
      }
      const one: DeskCertificate = {
        ...{ ...demand, id: FIRST_CERTIFICATE + made.length, order, mode, spki, createdAt: now() },
        status: demand.skipApproval ? 'pending' : 'needs_approval',
      };
      made.push(one);
      return one;
    },
    decide(decision, comment) {
      for (const one of made.filter(({ status }) => status === 'needs_approval')) {
        one.status = decision === 'approve' ? 'pending' : 'rejected';
        if (comment !== undefined) one.comment = comment;
      }
      if (decision !== 'approve') return;
      for (const one of made.filter(({ revocation }) => revocation === 'pending')) {
        delete one.revocation;
        one.revoked = 'approved';
      }
    },
  };

  function settle(one: DeskCertificate, all: readonly DeskCertificate[], { validationSeconds = 0 }: DeskOptions): void {
    if (one.endsAt !== undefined && one.endsAt <= now()) one.revoked ??= 'superseded';
    if (one.status !== 'pending' || faults.strike('held', one.names) !== undefined) return;
    if (now().getTime() < one.createdAt.getTime() + validationSeconds * 1000) return;
    if (faults.strike('rejected', one.names) !== undefined) {
      one.status = 'rejected';
      one.comment = 'The organization could not be validated';
      return;
    }
    issue(one, options);
    if (one.mode === 'reissue') supersede(one, all);
  }

  /** A reissue takes the place of the certificate before it, which is revoked a while later. */
  function supersede(one: DeskCertificate, all: readonly DeskCertificate[]): void {
    const grace = (options.reissueGraceSeconds ?? THREE_DAYS_SECONDS) * 1000;
    for (const other of all) {
      const isEarlier = other.order === one.order && other.id < one.id && other.mode !== 'duplicate';
      if (isEarlier && other.status === 'issued') other.endsAt ??= new Date(now().getTime() + grace);
    }
  }
}

function issue(one: DeskCertificate, { clock, authorities, faults }: DeskOptions): void {
  const notBefore = new Date(clock.now().getTime() - HOUR);
  const made = certifyAt(
    { authorities, faults },
    {
      ...{ spki: one.spki, names: one.names, commonName: one.commonName, notBefore },
      notAfter: new Date(notBefore.getTime() + one.days * 24 * HOUR - 1000),
    },
  );
  Object.assign(one, { status: 'issued', der: made.der, above: made.above, serial: made.serial.replace(/^00/, '') });
}

async function keyOf({ csr, names }: Demand): Promise<Uint8Array> {
  const read = await readSubmittedCsr(csr);
  if (read.state === 'read' && names.length > 0) return read.csr.spki;
  throw new DigicertError(400, 'invalid_csr', 'The CSR is invalid, or its signature is.');
}
