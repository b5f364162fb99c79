import type { EmulatorResponse } from '../../emulator.ts';
import { changeKey, listOrders, newAccount, updateAccount } from './accounts.ts';
import { answerChallenge, showAuthorization } from './authorizations.ts';
import type { SignedCall, Signer } from './call.ts';
import { downloadCertificate, revokeCertificate } from './certificates.ts';
import { finalizeOrder } from './finalize.ts';
import { newOrder, showOrder } from './orders.ts';
import type { AcmeServer } from './settings.ts';

/** One kind of POST. */
export interface Operation {
  /** Its groups are the ids of the call. */
  readonly path: RegExp;
  readonly signer: Signer;
  run(server: AcmeServer, call: SignedCall): EmulatorResponse | Promise<EmulatorResponse>;
}

export const operations: readonly Operation[] = [
  { path: /^\/new-account$/, signer: 'key', run: newAccount },
  { path: /^\/account\/([^/]+)$/, signer: 'account', run: updateAccount },
  { path: /^\/account\/([^/]+)\/orders$/, signer: 'account', run: listOrders },
  { path: /^\/key-change$/, signer: 'account', run: changeKey },
  { path: /^\/new-order$/, signer: 'account', run: newOrder },
  { path: /^\/order\/([^/]+)$/, signer: 'account', run: showOrder },
  { path: /^\/order\/([^/]+)\/finalize$/, signer: 'account', run: finalizeOrder },
  { path: /^\/authorization\/([^/]+)$/, signer: 'account', run: showAuthorization },
  { path: /^\/challenge\/([^/]+)$/, signer: 'account', run: answerChallenge },
  { path: /^\/certificate\/([^/]+)(?:\/(\d+))?$/, signer: 'account', run: downloadCertificate },
  { path: /^\/revoke-cert$/, signer: 'either', run: revokeCertificate },
];
