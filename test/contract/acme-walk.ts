import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { type AccountKey, base64url, dnsAnswer, makeAccountKey, type Wire, type WireAnswer } from './acme-wire.ts';

/** An ACME server, and the zone in which it looks for answers. */
export interface AcmeBench {
  readonly wire: Wire;
  setTxt(name: string, values: readonly string[]): void;
  /** Lets the server's time go on; nothing where that is real time. */
  pause(): void;
}

export interface Session extends AcmeBench {
  readonly key: AccountKey;
  readonly kid: string;
}

export interface OrderBody {
  readonly status: string;
  readonly identifiers: readonly { readonly type: string; readonly value: string }[];
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly expires?: string;
  readonly profile?: string;
  readonly replaces?: string;
  readonly notAfter?: string;
  readonly error?: Problem;
}

export interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly status?: number;
  readonly subproblems?: readonly (Problem & { readonly identifier?: { readonly value: string } })[];
}

export interface ChallengeBody {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
  readonly error?: Problem;
}

export interface AuthorizationBody {
  readonly status: string;
  readonly identifier: { readonly value: string };
  readonly challenges: readonly ChallengeBody[];
  readonly wildcard?: boolean;
}

export interface PlacedOrder {
  readonly url: string;
  readonly body: OrderBody;
}

/** Polls are bounded by their number: every one of them is a round trip. */
const MOST_POLLS = 500;

export async function openAccount(bench: AcmeBench, key = makeAccountKey(), more: object = {}): Promise<Session> {
  const url = await bench.wire.place('newAccount');
  const answer = await bench.wire.post({ url, key, payload: { termsOfServiceAgreed: true, ...more } });
  if (answer.status !== 201) throw new TypeError(`no account: ${answer.text}`);
  return { ...bench, key, kid: answer.headers.location ?? '' };
}

/** A POST of the account; without payload a POST-as-GET. */
export function post({ wire, key, kid }: Session, url: string, payload?: unknown): Promise<WireAnswer> {
  return wire.post({ url, key, kid, payload });
}

export const dnsNames = (names: readonly string[]): object[] => names.map((value) => ({ type: 'dns', value }));

export async function askForOrder(session: Session, names: readonly string[], more: object = {}): Promise<WireAnswer> {
  return post(session, await session.wire.place('newOrder'), { identifiers: dnsNames(names), ...more });
}

export async function placeOrder(session: Session, names: readonly string[], more: object = {}): Promise<PlacedOrder> {
  const answer = await askForOrder(session, names, more);
  if (answer.status !== 201) throw new TypeError(`no order: ${answer.text}`);
  return { url: answer.headers.location ?? '', body: bodyOf<OrderBody>(answer) };
}

/** The members of a JSON answer, as a test expects them. */
export const bodyOf = <Body>(answer: WireAnswer): Body => answer.json as Body;

export async function readAuthorization(session: Session, url: string): Promise<AuthorizationBody> {
  return bodyOf<AuthorizationBody>(await post(session, url));
}

export function dnsChallenge({ challenges }: AuthorizationBody): ChallengeBody {
  const found = challenges.find(({ type }) => type === 'dns-01');
  if (found === undefined) throw new TypeError('no dns-01 challenge is offered');
  return found;
}

/** Puts the right answers into the zone, says so, and waits until every authorization is decided. */
export async function authorize(session: Session, { body }: PlacedOrder): Promise<readonly AuthorizationBody[]> {
  const decided: AuthorizationBody[] = [];
  for (const url of body.authorizations) {
    const found = await readAuthorization(session, url);
    if (found.status === 'pending') await answer(session, found);
    decided.push(await untilDecided(session, url));
  }
  return decided;
}

/** One challenge; both names of a wildcard order look at the same record, so that the answers come one after the other. */
export async function answer(session: Session, found: AuthorizationBody, value?: string): Promise<ChallengeBody> {
  const challenge = dnsChallenge(found);
  const right = value ?? dnsAnswer(challenge.token, session.key);
  session.setTxt(`_acme-challenge.${found.identifier.value}`, [right]);
  await post(session, challenge.url, {});
  return challenge;
}

export async function untilDecided(session: Session, url: string): Promise<AuthorizationBody> {
  for (let poll = 0; poll < MOST_POLLS; poll += 1) {
    const found = await readAuthorization(session, url);
    const isOpen = found.status === 'pending' || found.challenges.some(({ status }) => status === 'processing');
    if (!isOpen) return found;
    session.pause();
  }
  throw new TypeError(`authorization ${url} stays pending`);
}

export async function untilDone(session: Session, { url }: PlacedOrder): Promise<OrderBody> {
  for (let poll = 0; poll < MOST_POLLS; poll += 1) {
    const found = bodyOf<OrderBody>(await post(session, url));
    if (found.status === 'valid' || found.status === 'invalid') return found;
    session.pause();
  }
  throw new TypeError(`order ${url} is never done`);
}

/** A request for these names, as base64url of its DER. */
export async function csrFor(names: readonly string[], keys?: Keys): Promise<string> {
  const [first = ''] = names;
  return base64url(
    createCsr({ subject: `CN=${first}`, names: { dns: names }, keys: keys ?? (await createKeys('P-256')) }),
  );
}

export async function finalize(session: Session, order: PlacedOrder, csr: string): Promise<OrderBody> {
  const answer = await post(session, order.body.finalize, { csr });
  if (answer.status !== 200) throw new TypeError(`not finalized: ${answer.text}`);
  return untilDone(session, order);
}

export interface Issued {
  readonly order: PlacedOrder;
  readonly done: OrderBody;
  readonly download: WireAnswer;
  readonly keys: Keys;
  /** base64url of the leaf's DER. */
  readonly leaf: string;
}

/** From the order to the chain. */
export async function issueFor(
  session: Session,
  names: readonly string[],
  more: { readonly order?: object; readonly keyType?: Keys['keyType'] } = {},
): Promise<Issued> {
  const keys = await createKeys(more.keyType ?? 'P-256');
  const order = await placeOrder(session, names, more.order);
  await authorize(session, order);
  const done = await finalize(session, order, await csrFor(names, keys));
  if (done.certificate === undefined) throw new TypeError(`no certificate: ${JSON.stringify(done)}`);
  const download = await post(session, done.certificate);
  const [first = Buffer.alloc(0)] = dersOf(download.text);
  return { order, done, download, keys, leaf: base64url(first) };
}

export function dersOf(pem: string): readonly Buffer[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => Buffer.from(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'));
}
