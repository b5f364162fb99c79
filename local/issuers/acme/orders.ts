import type { EmulatorResponse } from '../../emulator.ts';
import { authorizationFor, settleAuthorization, statusOf, timestamp } from './authorizations.ts';
import { accountOf, asGet, payloadOf, type SignedCall, shown } from './call.ts';
import { completeOrder } from './issuance.ts';
import { type JsonObject, optionalText } from './json.ts';
import { rateLimited, registeredDomain } from './limits.ts';
import { hostOf, namesKey, readIdentifiers } from './names.ts';
import type { Places } from './places.ts';
import { AcmeProblem, compound, type Identifier, malformed, type ProblemDocument, unauthorized } from './problem.ts';
import type { Account, Order } from './records.ts';
import { windowOf } from './renewal-info.ts';
import { readReplaced } from './replaced.ts';
import { type AcmeServer, type Profile, retryAfterHeader } from './settings.ts';
import { failureKey } from './validation.ts';

const ORDER_LIFE = 7 * 24 * 3_600_000;

/** RFC 8555 7.4. */
export function newOrder(server: AcmeServer, call: SignedCall): EmulatorResponse {
  const account = accountOf(call);
  const wish = payloadOf(call);
  const identifiers = readIdentifiers(wish.identifiers, server.blockedNames);
  const { name: profile, life } = readProfile(server, wish);
  const dates = readDates(server, wish, life.lifeSeconds);
  const replaced = readReplaced(server, { account, identifiers, id: optionalText(wish, 'replaces') });
  // An order that renews what ARI says it may renew by now is exempt from all limits, as at Let's Encrypt.
  if (replaced === undefined || windowOf(replaced).start > server.clock.now())
    checkLimits(server, account, identifiers);
  const order: Order = {
    ...{ id: server.chance.id(), account, identifiers, profile, ...dates },
    authorizations: identifiers.map(({ value }) => authorizationFor(server, account, value)),
    expires: new Date(server.clock.now().getTime() + ORDER_LIFE),
    ...(replaced && { replaces: replaced.renewalId }),
  };
  server.limits.count('orders', account.id);
  server.records.orders.set(order.id, order);
  if (replaced !== undefined) replaced.replacedBy = order;
  return shown(201, orderShape(server, order, call.places), { location: call.places.order(order.id) });
}

/** RFC 8555 7.1.3 and 7.4: POST-as-GET of an order. */
export async function showOrder(server: AcmeServer, call: SignedCall): Promise<EmulatorResponse> {
  asGet(call);
  const order = ownOrder(server, call);
  await settleOrder(server, order);
  return shown(200, orderShape(server, order, call.places), waitHeader(server, order));
}

export function ownOrder(server: AcmeServer, call: SignedCall): Order {
  const order = server.records.orders.get(call.ids[0] ?? '');
  if (order === undefined) throw malformed(`No order for ID ${call.ids[0]}`, 404);
  if (order.account === accountOf(call)) return order;
  throw unauthorized('Account that authenticated the request does not own the specified order');
}

/** Does what is due by now: looks for answers, and issues. */
export async function settleOrder(server: AcmeServer, order: Order): Promise<void> {
  for (const authorization of order.authorizations) await settleAuthorization(server, authorization);
  completeOrder(server, order);
}

export type OrderState = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

/** RFC 8555 7.1.6. */
export function stateOf(server: AcmeServer, order: Order): OrderState {
  const now = server.clock.now();
  if (order.certificate !== undefined) return 'valid';
  if (order.error !== undefined) return 'invalid';
  if (order.issueAt !== undefined) return 'processing';
  const statuses = order.authorizations.map((authorization) => statusOf(authorization, now));
  if (order.expires <= now || statuses.some((status) => status !== 'pending' && status !== 'valid')) return 'invalid';
  return statuses.includes('pending') ? 'pending' : 'ready';
}

export function orderShape(server: AcmeServer, order: Order, places: Places): object {
  const { id, identifiers, authorizations, expires, profile, notBefore, notAfter, replaces, certificate } = order;
  const status = stateOf(server, order);
  const error = status === 'invalid' ? (order.error ?? failureOf(order)) : undefined;
  return {
    ...{ status, expires: timestamp(expires), identifiers, profile },
    authorizations: authorizations.map((authorization) => places.authorization(authorization.id)),
    finalize: places.finalize(id),
    ...(notBefore && { notBefore: timestamp(notBefore) }),
    ...(notAfter && { notAfter: timestamp(notAfter) }),
    ...(replaces !== undefined && { replaces }),
    ...(error && { error }),
    ...(certificate && { certificate: places.certificate(certificate.id) }),
  };
}

export function waitHeader(server: AcmeServer, order: Order): Record<string, string> {
  const { issueAt } = order;
  if (issueAt === undefined || stateOf(server, order) !== 'processing') return {};
  return retryAfterHeader(server, (issueAt.getTime() - server.clock.now().getTime()) / 1000);
}

/** Why a challenge failed is why the order did; several are told as one (RFC 8555 6.7.1). */
function failureOf({ authorizations }: Order): ProblemDocument | undefined {
  const errors = authorizations.flatMap(({ host, challenges }) =>
    challenges.flatMap(({ status, error }) =>
      error === undefined || status !== 'invalid'
        ? []
        : [{ ...error, identifier: { type: 'dns' as const, value: host } }],
    ),
  );
  const [first] = errors;
  if (errors.length > 1) return compound('compound', errors).toDocument();
  return first && { type: first.type, detail: first.detail, ...(first.status && { status: first.status }) };
}

function readProfile(server: AcmeServer, wish: JsonObject): { readonly name: string; readonly life: Profile } {
  const [usual] = server.profiles.keys();
  const name = optionalText(wish, 'profile') ?? usual ?? '';
  const life = server.profiles.get(name);
  if (life !== undefined) return { name, life };
  throw new AcmeProblem('invalidProfile', `profile ${JSON.stringify(name)} not recognized`);
}

function readDates(server: AcmeServer, wish: JsonObject, lifeSeconds: number): Pick<Order, 'notBefore' | 'notAfter'> {
  const notBefore = readDate(wish, 'notBefore');
  const notAfter = readDate(wish, 'notAfter');
  const from = notBefore ?? server.clock.now();
  if (notAfter !== undefined && notAfter <= from) throw malformed('Order has a notAfter that is not after its start');
  if (notAfter !== undefined && notAfter.getTime() - from.getTime() > lifeSeconds * 1000) {
    throw malformed(`Order asks for more than the ${lifeSeconds} seconds of its profile`);
  }
  return { ...(notBefore && { notBefore }), ...(notAfter && { notAfter }) };
}

function readDate(wish: JsonObject, name: string): Date | undefined {
  const text = optionalText(wish, name);
  if (text === undefined) return undefined;
  const isDate = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  const date = new Date(text);
  if (!isDate || Number.isNaN(date.getTime())) throw malformed(`"${name}" is not a date of RFC 3339`);
  return date;
}

function checkLimits(server: AcmeServer, account: Account, identifiers: readonly Identifier[]): void {
  const { limits, faults } = server;
  const hosts = [...new Set(identifiers.map(({ value }) => hostOf(value)))];
  if (faults.strike('account-refused', hosts)) throw unauthorized('Account is not valid, has status "deactivated"');
  if (faults.strike('rate-limited', hosts)) {
    throw rateLimited('too many requests of this kind', retryAfterHeader(server, PLANTED_WAIT_SECONDS));
  }
  const refuse = (seconds: number | undefined, what: string): void => {
    if (seconds !== undefined) throw rateLimited(`too many ${what}`, retryAfterHeader(server, seconds));
  };
  refuse(limits.wait('orders', account.id), `new orders of account ${account.id}`);
  const names = namesKey(identifiers);
  refuse(limits.wait('sameNames', names), `certificates already issued for this exact set of identifiers: ${names}`);
  for (const host of hosts) {
    const domain = registeredDomain(host);
    refuse(limits.wait('domain', domain), `certificates already issued for "${domain}"`);
    refuse(limits.wait('failures', failureKey({ account, host })), `failed authorizations for "${host}"`);
  }
}

const PLANTED_WAIT_SECONDS = 600;
