import { RenewalError } from '../errors.ts';
import type { AppRowStore, AppRows } from './app-rows.ts';
import { newestOrder } from './newest-order.ts';
import type {
  AnswerRow,
  AnswerStore,
  CertificateRow,
  EstateStore,
  Issuance,
  IssuanceStore,
  OrderRow,
  Revocation,
  RevocationStore,
  TargetRow,
  Versioned,
} from './port.ts';

/** An estate that is gone with the process: for tests. */
export function createMemoryEstate(): EstateStore {
  const certificates = new Map<string, Versioned<CertificateRow>>();
  const orders = new Map<string, Versioned<OrderRow>>();
  const targets = new Map<string, TargetRow>();
  let writes = 0;
  const keyOf = (vault: string, name: string): string => `${vault}|${name}`.toLowerCase();
  return {
    certificate: async (vault, name) => certificates.get(keyOf(vault, name)),
    async saveCertificate(row, etag) {
      const key = keyOf(row.vault, row.name);
      if (certificates.get(key)?.etag !== etag)
        throw new RenewalError('storage-conflict', `estate: save failed: ${key}`);
      writes += 1;
      certificates.set(key, { row, etag: `"${writes}"` });
      return `"${writes}"`;
    },
    async *certificates(which) {
      const isOpen = ({ row }: Versioned<CertificateRow>) => row.state === 'renewing' || row.queuedAt !== undefined;
      yield* [...certificates.values()].filter((one) => which === undefined || isOpen(one));
    },
    order: async (renewalId) => orders.get(renewalId),
    async orderForCsr(vault, name, csrSha256) {
      const key = keyOf(vault, name);
      const same = (order: OrderRow): boolean =>
        keyOf(order.vault, order.name) === key && order.csrSha256 === csrSha256;
      return newestOrder([...orders.values()].map(({ row }) => row).filter(same));
    },
    async orders(vault, name) {
      const isOf = (order: OrderRow): boolean => keyOf(order.vault, order.name) === keyOf(vault, name);
      return [...orders.values()].map(({ row }) => row).filter(isOf);
    },
    async saveOrder(row, etag) {
      if (orders.get(row.renewalId)?.etag !== etag)
        throw new RenewalError('storage-conflict', `estate: save failed: order of ${row.renewalId}`);
      writes += 1;
      orders.set(row.renewalId, { row, etag: `"${writes}"` });
      return `"${writes}"`;
    },
    async saveTarget(row) {
      targets.set(JSON.stringify([row.certificate, row.targetId]), row);
    },
    targets: async (certificate) => [...targets.values()].filter((row) => row.certificate === certificate),
  };
}

/** Rows about an app that are gone with the process: for tests. */
export function createMemoryAppRows(): AppRowStore {
  const rows = new Map<string, Versioned<unknown>>();
  let writes = 0;
  return {
    get: async <K extends keyof AppRows>(kind: K, key: string) =>
      rows.get(`${kind}|${key}`.toLowerCase()) as Versioned<AppRows[K]> | undefined,
    async save(kind, key, row, etag) {
      const at = `${kind}|${key}`.toLowerCase();
      if (rows.get(at)?.etag !== etag) throw new RenewalError('storage-conflict', `estate: save failed: ${at}`);
      writes += 1;
      rows.set(at, { row, etag: `"${writes}"` });
      return `"${writes}"`;
    },
  };
}

/** Issuances that are gone with the process: for tests. */
export function createMemoryIssuances(): IssuanceStore {
  const issuances = new Map<string, Issuance>();
  return {
    get: async (key) => issuances.get(key),
    async putIfAbsent(issuance) {
      const there = issuances.get(issuance.key);
      if (there === undefined) issuances.set(issuance.key, issuance);
      return there ?? issuance;
    },
    forPublicKey: async (spkiSha256) => [...issuances.values()].filter(({ key }) => key.startsWith(`${spkiSha256}-`)),
  };
}

/** Revocations that are gone with the process: for tests. */
export function createMemoryRevocations(): RevocationStore {
  const revocations = new Map<string, Revocation>();
  return {
    async putIfAbsent(revocation) {
      const key = `${revocation.authority}|${revocation.serial}`;
      const there = revocations.get(key);
      if (there === undefined) revocations.set(key, revocation);
      return there ?? revocation;
    },
    list: async (authority) => [...revocations.values()].filter((one) => one.authority === authority),
  };
}

/** Answers that are gone with the process: for tests. */
export function createMemoryAnswers(): AnswerStore {
  const answers = new Map<string, Versioned<AnswerRow>>();
  let writes = 0;
  return {
    get: async (key) => answers.get(key),
    async save(row, etag) {
      if (answers.get(row.key)?.etag !== etag)
        throw new RenewalError('storage-conflict', `estate: save failed: answer ${row.key}`);
      writes += 1;
      answers.set(row.key, { row, etag: `"${writes}"` });
      return `"${writes}"`;
    },
  };
}
