import type { AccessControl, Principal } from '../access.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import { type Asked, blobOperation, type StorageOperation, tableOperation } from './operations.ts';
import { createPassage } from './passage.ts';
import {
  keyNotPermitted,
  notAllowed,
  type Refusal,
  refusalResponse,
  storageAudience,
  unauthenticated,
  unknownOperation,
} from './refusals.ts';
import type { AccountKey, StorageService } from './shared-key.ts';

export interface StorageFrontOptions {
  readonly service: StorageService;
  readonly account: AccountKey;
  /** ARM id of the storage account. */
  readonly resourceId: string;
  readonly access: AccessControl;
  readonly tenantId: string;
  /** Where the storage behind listens, by plain HTTP; asked for with every request. */
  readonly behind: () => Promise<string>;
}

/** What stands before a storage that knows its key only. */
export interface StorageFront extends Emulator {
  /** Ends the connections to the storage behind. */
  stop(): void;
}

/**
 * Storage as an account without shared keys opens it: by a token for storage and a role for the operation. What is allowed
 * is passed on as it is, conditions and all, signed with the account's key.
 */
export function createStorageFront(options: StorageFrontOptions): StorageFront {
  const { service, access, account } = options;
  const operationOf = service === 'blob' ? blobOperation : tableOperation;
  const passage = createPassage({ service, account, behind: options.behind });
  const refuse = (refusal: Refusal): EmulatorResponse => refusalResponse(service, refusal);
  return {
    async handle(request) {
      const { authorization } = request.headers;
      if (isByKey(request)) return refuse(keyNotPermitted);
      const principal = access.authenticate(authorization, storageAudience);
      if (principal === undefined) return refuse(unauthenticated(authorization !== undefined, options.tenantId));
      const asked = operationOf(request);
      if (asked === undefined) return refuse(unknownOperation);
      return isAllowed(options, principal, asked) ? passage.pass(request) : refuse(notAllowed);
    },
    stop: () => passage.stop(),
  };
}

function isByKey({ headers, url }: EmulatorRequest): boolean {
  return /^SharedKey/i.test(headers.authorization ?? '') || url.searchParams.has('sig');
}

/** The narrowest way is asked for first, and a wider one only when that is not given. */
function isAllowed({ access, resourceId }: StorageFrontOptions, principal: Principal, asked: Asked): boolean {
  const { ways }: StorageOperation = asked.operation;
  const scope = `${resourceId}/${asked.scope}`;
  return ways.some((actions) => actions.every((action) => access.allows(principal, action, scope)));
}
