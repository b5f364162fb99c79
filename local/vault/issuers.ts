import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { attributesInput, type Call, ok, readBody, seconds, type VaultContext } from './call.ts';
import { badParameter, invalidProperty, issuerNotFound } from './errors.ts';
import { paged } from './paging.ts';
import type { Policy } from './policy.ts';
import type { Issuer } from './records.ts';

const text = z.string().optional();
const issuerInput = z.object({
  provider: z.string().min(1).optional(),
  credentials: z.object({ account_id: text, pwd: text }).optional(),
  org_details: z
    .object({
      id: text,
      admin_details: z.array(z.object({ first_name: text, last_name: text, email: text, phone: text })).optional(),
    })
    .optional(),
  attributes: attributesInput.optional(),
});
/** The two issuers that need no account. */
const reserved = ['self', 'unknown'];
const isReserved = (name: string): boolean => reserved.includes(name.toLowerCase());

/** The account behind a policy's issuer; `undefined` for Self and Unknown. Throws Azure's 404 when there is none. */
export function issuerOfPolicy({ state }: VaultContext, { issuer }: Policy): Issuer | undefined {
  if (isReserved(issuer.name)) return undefined;
  const found = state.issuers.get(issuer.name);
  if (found === undefined) throw issuerNotFound();
  return found;
}

export function getIssuer(call: Call): EmulatorResponse {
  return ok(shape(call, requireIssuer(call)));
}

export function setIssuer(call: Call): EmulatorResponse {
  const { vault, name } = call;
  const body = readBody(issuerInput, call);
  if (isReserved(name)) throw badParameter(`The issuer name ${name} is reserved.`);
  if (body.provider === undefined) throw invalidProperty('provider', 'An issuer needs a provider.');
  return ok(shape(call, store(call, body, { provider: body.provider, created: vault.now() })));
}

/** Keeps what the body does not mention. */
export function updateIssuer(call: Call): EmulatorResponse {
  const existing = requireIssuer(call);
  return ok(shape(call, store(call, readBody(issuerInput, call), existing)));
}

export function deleteIssuer(call: Call): EmulatorResponse {
  const issuer = requireIssuer(call);
  call.vault.state.issuers.delete(issuer.name);
  return ok(shape(call, issuer));
}

export function listIssuers(call: Call): EmulatorResponse {
  const { vault } = call;
  const item = ({ name, provider }: Issuer): object => ({ id: issuerId(vault, name), provider });
  return ok(paged(call, vault.state.issuers.all(), { key: ({ name }) => name, item }));
}

function requireIssuer({ vault, name }: Call): Issuer {
  const issuer = vault.state.issuers.get(name);
  if (issuer === undefined) throw issuerNotFound();
  return issuer;
}

function store(
  call: Call,
  body: z.infer<typeof issuerInput>,
  base: Pick<Issuer, 'provider' | 'created'> & Partial<Issuer>,
): Issuer {
  const { vault, name } = call;
  const issuer: Issuer = {
    name: base.name ?? name,
    provider: body.provider ?? base.provider,
    credentials: { ...base.credentials, ...body.credentials },
    organization: { ...base.organization, ...body.org_details },
    enabled: body.attributes?.enabled ?? base.enabled ?? true,
    created: base.created,
    updated: vault.now(),
  };
  vault.state.issuers.set(name, issuer);
  return issuer;
}

const issuerId = ({ options }: VaultContext, name: string): string => `${options.uri}/certificates/issuers/${name}`;

/** The password never comes out again; the zip nobody asked for is Azure's. */
function shape({ vault }: Call, issuer: Issuer): object {
  const { account_id } = issuer.credentials;
  return {
    id: issuerId(vault, issuer.name),
    provider: issuer.provider,
    credentials: { ...(account_id !== undefined && { account_id }) },
    org_details: { ...issuer.organization, zip: 0 },
    attributes: { enabled: issuer.enabled, created: seconds(issuer.created), updated: seconds(issuer.updated) },
  };
}
