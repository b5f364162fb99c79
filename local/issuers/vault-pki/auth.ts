import type { StandClock } from '../../clock.ts';
import type { Chance } from '../../vault/chance.ts';
import type { IssuerFaults } from '../faults.ts';
import { VaultPkiError } from './error.ts';

export interface AuthOptions {
  readonly appRole?: { readonly roleId: string; readonly secretId: string };
  readonly jwt?: {
    readonly role: string;
    /** Whether a token is signed by whom it has to be, for this audience, and has not ended. */
    readonly believes: (token: string) => boolean;
  };
  /** Paths that a token may be used for; a star at the end stands for anything. */
  readonly policy: readonly string[];
  /** `token_ttl`; 0: no end. */
  readonly tokenSeconds: number;
}

export interface Tokens {
  /** `auth` of an answer, when the path is that of a login. */
  logIn(path: string, body: Readonly<Record<string, unknown>>): object | undefined;
  /** Throws 403 unless the token lives and its policy has the path. */
  demand(token: string | undefined, path: string): void;
  forget(): void;
  count(): number;
}

const TOKEN_OCTETS = 18;

export function createTokens(
  { appRole, jwt, policy, tokenSeconds }: AuthOptions,
  {
    clock,
    chance,
    faults,
  }: { readonly clock: Pick<StandClock, 'now'>; readonly chance: Chance; readonly faults: IssuerFaults },
): Tokens {
  const ends = new Map<string, number>();
  let logins = 0;
  const issue = (): object => {
    logins += 1;
    const token = `hvs.${chance.bytes(TOKEN_OCTETS).toString('base64url')}`;
    ends.set(token, tokenSeconds === 0 ? Number.POSITIVE_INFINITY : clock.now().getTime() + tokenSeconds * 1000);
    return {
      ...{ client_token: token, accessor: chance.id(), policies: ['default', 'perennial'] },
      ...{ token_type: 'service', lease_duration: tokenSeconds, renewable: tokenSeconds > 0 },
    };
  };
  const mayBy: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => void>> = {
    'auth/approle/login': ({ role_id, secret_id }) => {
      const isRight = appRole !== undefined && role_id === appRole.roleId && secret_id === appRole.secretId;
      if (!isRight || faults.strike('credentials-refused')) throw new VaultPkiError(400, 'invalid role or secret ID');
    },
    'auth/jwt/login': ({ role, jwt: token }) => {
      if (jwt === undefined || role !== jwt.role)
        throw new VaultPkiError(400, `role "${String(role)}" could not be found`);
      if (!jwt.believes(String(token)) || faults.strike('credentials-refused')) {
        throw new VaultPkiError(
          400,
          'error validating token: invalid audience (aud) claim: audience claim does not match any bound audience',
        );
      }
    },
  };
  return {
    logIn(path, body) {
      const may = mayBy[path];
      if (may === undefined) return undefined;
      may(body);
      return issue();
    },
    demand(token, path) {
      if (token === undefined || token === '') throw new VaultPkiError(403, 'permission denied');
      const isLive = (ends.get(token) ?? 0) > clock.now().getTime();
      if (!isLive || faults.strike('credentials-refused')) {
        ends.delete(token);
        throw new VaultPkiError(403, 'permission denied');
      }
      const isAllowed = policy.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : path === one));
      if (!isAllowed) throw new VaultPkiError(403, '1 error occurred:\n\t* permission denied\n\n');
    },
    forget: () => ends.clear(),
    count: () => logins,
  };
}
