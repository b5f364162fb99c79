import { sha256Hex } from '../certificate/fingerprint.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { KeyVersion, VaultKey } from '../vault/port.ts';
import type { AcmeAnswer, AcmeClient, Signatory } from './acme-client.ts';
import { bindAccount, type ExternalAccount, signJws } from './acme-jws.ts';
import { wordsOf } from './acme-problem.ts';

export interface AcmeAccountOptions {
  readonly client: AcmeClient;
  readonly directoryUrl: string;
  /** `{vault}/keys/{name}`. */
  readonly keyId: string;
  readonly key: VaultKey;
  readonly contact: readonly string[];
  /** Absent: the CA wants no external account binding. */
  readonly externalAccount?: () => Promise<ExternalAccount>;
  readonly rows: AppRowStore;
}

/** The account at an ACME server, made when it is first needed. */
export interface AcmeAccount {
  /** A POST by the account. One that the server has forgotten is made again, once. */
  post(url: string, payload?: unknown): Promise<AcmeAnswer>;
}

type Known = Signatory & { readonly account: string };

/**
 * An account is bound to its key (RFC 8555 7.3). Which version of the key it knows is remembered in a row: when the vault
 * has a newer one, the account is moved to that (7.3.5), signed by both.
 */
export function createAcmeAccount(options: AcmeAccountOptions): AcmeAccount {
  const { client } = options;
  let known: { readonly keyId: string; readonly account: Promise<Known> } | undefined;
  const current = async (): Promise<Known> => {
    const key = await options.key.newest();
    if (known?.keyId === key.id) return known.account;
    const opening = { keyId: key.id, account: open(key, options) };
    known = opening;
    opening.account.catch(() => {
      if (known === opening) known = undefined;
    });
    return opening.account;
  };
  return {
    async post(url, payload) {
      const answer = await client.post(url, await current(), payload);
      if (answer.state !== 'problem' || answer.problem.type !== 'accountDoesNotExist') return answer;
      const key = await options.key.newest();
      known = { keyId: key.id, account: register(key, options) };
      return client.post(url, await current(), payload);
    },
  };
}

async function open(key: KeyVersion, options: AcmeAccountOptions): Promise<Known> {
  const found = await options.rows.get('account', rowKey(options));
  if (found === undefined) return register(key, options);
  const { account, keyId } = found.row;
  if (keyId === key.id) return { account, key };
  if (!(await isKnown(key, options))) {
    await changeKey({ account, key: await options.key.version(keyId) }, key, options);
  }
  await options.rows.save('account', rowKey(options), { account, keyId: key.id }, found.etag).catch(ignoreConflict);
  return { account, key };
}

/** A key that was changed before a crash is the account's already (RFC 8555 7.3.1). */
async function isKnown(key: KeyVersion, { client }: AcmeAccountOptions): Promise<boolean> {
  const { newAccount } = await client.directory();
  const answer = await client.post(newAccount, { key, account: undefined }, { onlyReturnExisting: true });
  return answer.state === 'done';
}

/** The same key always gets the same account, so that a repeat is harmless. */
async function register(key: KeyVersion, options: AcmeAccountOptions): Promise<Known> {
  const { client, contact, externalAccount, rows } = options;
  const { newAccount, meta } = await client.directory();
  if (meta.externalAccountRequired === true && externalAccount === undefined) {
    throw misconfigured('the CA wants external account binding: write externalAccount');
  }
  const bound = externalAccount && bindAccount(key.jwk, newAccount, await externalAccount());
  const answer = await client.post(
    newAccount,
    { key, account: undefined },
    {
      termsOfServiceAgreed: true,
      ...(contact.length > 0 && { contact: contact.map((mail) => `mailto:${mail}`) }),
      ...(bound && { externalAccountBinding: bound }),
    },
  );
  if (answer.state === 'problem') throw misconfigured(`no account: ${wordsOf(answer.problem)}`);
  const account = answer.answer.header('location');
  if (account === undefined)
    throw new RenewalError('issuer-unreachable', 'acme: newAccount answered without a Location');
  const found = await rows.get('account', rowKey(options));
  await rows.save('account', rowKey(options), { account, keyId: key.id }, found?.etag).catch(ignoreConflict);
  return { key, account };
}

/** RFC 8555 7.3.5: the new key signs that it takes the account over, the old one signs that it may. */
async function changeKey(old: Known, key: KeyVersion, { client }: AcmeAccountOptions): Promise<void> {
  const { keyChange } = await client.directory();
  if (keyChange === undefined) throw misconfigured('the CA cannot change the key of an account');
  const inner = await signJws(key, { url: keyChange, by: 'jwk' }, { account: old.account, oldKey: old.key.jwk });
  const answer = await client.post(keyChange, old, inner);
  if (answer.state === 'problem') throw misconfigured(`the account's key was not changed: ${wordsOf(answer.problem)}`);
}

/** Another process has written the same. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
}

function rowKey({ directoryUrl, keyId }: AcmeAccountOptions): string {
  return sha256Hex(Buffer.from(`${directoryUrl} ${keyId}`));
}

function misconfigured(message: string): RenewalError {
  return new RenewalError('issuer-misconfigured', `acme: ${message}`);
}
