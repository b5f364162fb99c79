import type { EmulatorResponse } from '../../emulator.ts';
import { accountOf, asGet, payloadOf, type SignedCall, shown } from './call.ts';
import { checkBinding } from './external-account.ts';
import { isObject, type JsonObject, optionalTexts, readObject } from './json.ts';
import { readJws, verifyJws } from './jws.ts';
import type { Places } from './places.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import type { Account } from './records.ts';
import type { AcmeServer } from './settings.ts';

/** Where the terms are that an account has to agree to. */
export const termsUrl = (places: Places): string => `${new URL(places.directory).origin}/terms`;

/** RFC 8555 7.3. */
export function newAccount(server: AcmeServer, call: SignedCall): EmulatorResponse {
  const wish = payloadOf(call);
  const known = accountWith(server, call.key);
  if (known !== undefined) {
    if (known.status === 'valid') return showAccount(known, call.places, 200);
    throw unauthorized('An account with the provided public key exists but is deactivated');
  }
  if (wish.onlyReturnExisting === true) {
    throw new AcmeProblem('accountDoesNotExist', 'unable to find existing account for only-return-existing request');
  }
  if (wish.termsOfServiceAgreed !== true) {
    const headers = { link: `<${termsUrl(call.places)}>;rel="terms-of-service"` };
    throw new AcmeProblem('userActionRequired', 'Provided account did not agree to the terms of service', { headers });
  }
  const contact = readContact(wish) ?? [];
  const externalAccountBinding = checkBinding(server, call, wish.externalAccountBinding);
  const account: Account = {
    id: server.chance.id().slice(0, 16),
    status: 'valid',
    contact,
    key: call.key,
    ...(externalAccountBinding !== undefined && { externalAccountBinding }),
  };
  server.records.accounts.set(account.id, account);
  return showAccount(account, call.places, 201);
}

/** RFC 8555 7.3.2 and 7.3.6: contacts are replaced, `deactivated` is for good, other members are passed over. */
export function updateAccount(_server: AcmeServer, call: SignedCall): EmulatorResponse {
  const account = ownAccount(call);
  if (call.payload.length > 0) {
    const wish = payloadOf(call);
    if (wish.status !== undefined && wish.status !== 'deactivated') {
      throw malformed(`Invalid value provided for status field: ${JSON.stringify(wish.status)}`);
    }
    account.contact = readContact(wish) ?? account.contact;
    if (wish.status === 'deactivated') account.status = 'deactivated';
  }
  return shown(200, accountShape(account, call.places));
}

/** RFC 8555 7.1.2.1, on one page. */
export function listOrders(server: AcmeServer, call: SignedCall): EmulatorResponse {
  asGet(call);
  const account = ownAccount(call);
  const own = [...server.records.orders.values()].filter((order) => order.account === account);
  return shown(200, { orders: own.map(({ id }) => call.places.order(id)) });
}

function ownAccount(call: SignedCall): Account {
  const account = accountOf(call);
  if (call.ids[0] !== account.id) throw unauthorized('Request signing key did not match account key');
  return account;
}

/** RFC 8555 7.3.5: the new key signs inside, the old one outside. */
export function changeKey(server: AcmeServer, call: SignedCall): EmulatorResponse {
  const account = accountOf(call);
  const inner = readJws(payloadOf(call));
  const key = readPublicKey(inner.header.jwk);
  verifyJws(inner, key);
  if ('nonce' in inner.header) throw malformed('Inner JWS must not have a nonce');
  if (inner.header.url !== call.url) throw malformed("Outer JWS 'url' value is not the inner one's");
  const { account: named, oldKey } = readObject(inner.payload, 'the inner payload');
  if (named !== call.places.account(account.id)) {
    throw malformed("Inner key rollover request specified Account that does not match the request's");
  }
  if (!isObject(oldKey) || readPublicKey(oldKey).thumbprint !== account.key.thumbprint) {
    throw malformed('Inner JWS does not contain the old key');
  }
  const holder = accountWith(server, key);
  if (holder !== undefined) {
    const headers = { location: call.places.account(holder.id) };
    throw new AcmeProblem('malformed', 'New key is already in use for a different account', { status: 409, headers });
  }
  account.key = key;
  return shown(200, accountShape(account, call.places));
}

/** Compared by thumbprint: deactivated accounts keep their key. */
export function accountWith({ records }: AcmeServer, { thumbprint }: Pick<PublicKey, 'thumbprint'>) {
  return [...records.accounts.values()].find(({ key }) => key.thumbprint === thumbprint);
}

function readContact(wish: JsonObject): readonly string[] | undefined {
  const contact = optionalTexts(wish, 'contact');
  for (const one of contact ?? []) {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(one)?.[1];
    if (scheme?.toLowerCase() !== 'mailto') {
      throw new AcmeProblem('unsupportedContact', `contact method "${scheme ?? ''}" is not supported`);
    }
    const address = one.slice('mailto:'.length);
    // RFC 8555 7.3: one address, no header fields.
    if (!/^[^\s@,;?]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(address)) {
      throw new AcmeProblem('invalidContact', `contact email "${address}" is invalid`);
    }
  }
  return contact;
}

function showAccount(account: Account, places: Places, status: number): EmulatorResponse {
  return shown(status, accountShape(account, places), { location: places.account(account.id) });
}

function accountShape({ id, status, contact, key, externalAccountBinding }: Account, places: Places): object {
  return {
    status,
    ...(contact.length > 0 && { contact }),
    orders: places.orders(id),
    key: key.jwk,
    ...(externalAccountBinding !== undefined && { externalAccountBinding }),
  };
}
