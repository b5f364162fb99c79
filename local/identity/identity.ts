import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import type { AccessControl, Principal } from '../access.ts';
import { systemClock } from '../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { type IssuedToken, type ManagedPrincipal, managedIdentityToken } from './managed-identity.ts';
import { type Assignment, type Grant, RoleAssignments } from './roles.ts';
import { createTokenMint } from './tokens.ts';

export interface IdentityOptions {
  /** GUID. */
  readonly tenantId: string;
  /** Whoever checks tokens lives by it. Real time by default, because the SDK caches tokens in real time. */
  readonly clock?: Clock;
  /** An hour by default. Azure gives managed identities about a day. */
  readonly tokenLifeSeconds?: number;
  /** Value of IDENTITY_HEADER; made up by default. */
  readonly secret?: string;
}

export interface NewPrincipal {
  readonly name: string;
  readonly clientId: string;
  readonly objectId: string;
  readonly resourceId?: string;
  readonly systemAssigned?: boolean;
}

/** Microsoft Entra ID and the App Service managed-identity endpoint, as far as the stand needs them. */
export interface Identity extends AccessControl, Emulator {
  readonly tenantId: string;
  /** What a client must have as IDENTITY_HEADER. */
  readonly secret: string;
  addPrincipal(principal: NewPrincipal): Principal;
  /** Lets a principal do something at a scope and below it. Answers with the assignment's id. */
  assign(principalId: string, grant: Grant): string;
  /** Takes back one assignment by its id, or all of a principal's. Answers with how many there were. */
  revoke(assignmentOrPrincipalId: string): number;
  /** Every assignment that is in force. */
  assignments(): readonly Assignment[];
  /** A token for tests and foreign clients. */
  issueToken(principal: Principal, audience: string): string;
}

/** Path of the managed-identity endpoint: IDENTITY_ENDPOINT is the listener's URL + this. */
export const managedIdentityPath = '/msi/token';

export function createIdentity(options: IdentityOptions): Identity {
  const { tenantId } = options;
  const clock = options.clock ?? systemClock;
  const secret = options.secret ?? randomUUID().replaceAll('-', '').toUpperCase();
  const mint = createTokenMint(clock);
  const roles = new RoleAssignments();
  const principals = new Map<string, ManagedPrincipal>();

  const issue = (principal: ManagedPrincipal, audience: string): IssuedToken => {
    const now = Math.floor(clock.now().getTime() / 1000);
    const exp = now + (options.tokenLifeSeconds ?? 3600);
    const issuer = issuerOf(tenantId);
    const who = { oid: principal.id, sub: principal.id, appid: principal.clientId, tid: tenantId, idp: issuer };
    const token = mint.sign({ aud: audience, iss: issuer, iat: now, nbf: now, exp, ...who, ver: '1.0' });
    return { token, expiresOn: exp };
  };

  return {
    tenantId,
    secret,
    demands: roles.demands,
    addPrincipal({ objectId, ...rest }) {
      const principal = { id: objectId.toLowerCase(), ...rest };
      principals.set(principal.id, principal);
      return { id: principal.id, name: principal.name, clientId: principal.clientId };
    },
    assign: (principalId, grant) => roles.assign(principalId, grant),
    revoke: (id) => roles.revoke(id),
    assignments: () => roles.list(),
    issueToken(principal, audience) {
      const known = principals.get(principal.id);
      if (known === undefined) throw new TypeError(`identity: no principal has the object id ${principal.id}`);
      return issue(known, audience).token;
    },
    authenticate(authorization, audience) {
      const token = tokenOf(authorization);
      const claims = token === undefined ? undefined : mint.verify(token);
      if (claims === undefined || bareAudience(claims.aud) !== bareAudience(audience)) return undefined;
      const principal = principals.get(claims.oid);
      return principal && { id: principal.id, name: principal.name, clientId: principal.clientId };
    },
    isExpired(authorization) {
      const token = tokenOf(authorization);
      return token !== undefined && mint.isExpired(token);
    },
    allows: ({ id, name }, action, scope) => roles.allows({ principalId: id, name, action, scope }),
    async handle(request) {
      if (request.url.pathname.replace(/\/$/, '') === managedIdentityPath) {
        return managedIdentityToken(request, { secret, principals: () => [...principals.values()], issue });
      }
      return publishedDocument(request, tenantId, mint.keySet);
    },
  };
}

const tokenOf = (authorization = ''): string | undefined => /^Bearer +(\S+)$/i.exec(authorization)?.[1];

const issuerOf = (tenantId: string): string => `https://sts.windows.net/${tenantId}/`;

/** A resource is the same with and without a trailing slash. */
const bareAudience = (audience: string): string => audience.replace(/\/+$/, '').toLowerCase();

/** OpenID configuration and signing keys, so that a foreign service can verify our tokens. */
function publishedDocument(request: EmulatorRequest, tenantId: string, keySet: () => object): EmulatorResponse {
  const { origin, pathname } = request.url;
  if (request.method === 'GET' && pathname === `/${tenantId}/.well-known/openid-configuration`) {
    return jsonResponse(200, {
      issuer: issuerOf(tenantId),
      jwks_uri: `${origin}/${tenantId}/discovery/keys`,
      response_types_supported: ['token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  }
  if (request.method === 'GET' && pathname === `/${tenantId}/discovery/keys`) return jsonResponse(200, keySet());
  return jsonResponse(404, { error: 'not_found', error_description: `The stand's identity has no ${pathname}.` });
}
