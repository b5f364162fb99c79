import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { AddressRefusedError, type AddressRule } from '../address.ts';
import { RenewalError } from '../errors.ts';

/** Where the records of a name really are: at the end of its CNAMEs (RFC 1034 3.6.2), as the CA will look too. */
export type FollowCnames = (name: string) => Promise<string>;

export interface CnameOptions {
  /** `address` or `address:port`; none: those of the machine. */
  readonly nameServers: readonly string[];
  readonly mayConnect: AddressRule;
}

/** More links than this no CA follows: Boulder stops at ten, by its resolver. */
const MOST_LINKS = 8;
const ANSWER_MILLISECONDS = 5000;
const TRIES = 2;
/** There is no such name, or it has no CNAME: it is its own end. */
const ends = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Asks DNS. Throws `issuer-misconfigured` at CNAMEs that come to no end, or at name servers that the estate file does not allow;
 * `issuer-unreachable` when no name server answers.
 */
export function createFollowCnames({ nameServers, mayConnect }: CnameOptions): FollowCnames {
  const resolver = new Resolver({ timeout: ANSWER_MILLISECONDS, tries: TRIES });
  return async (name) => {
    if (nameServers.length > 0) {
      for (const nameServer of nameServers) allow(addressOf(nameServer), mayConnect);
      resolver.setServers([...nameServers]);
    }
    let at = name;
    for (let links = 0; links <= MOST_LINKS; links += 1) {
      const target = await cnameOf(at, resolver);
      if (target === undefined) return at;
      at = target.toLowerCase().replace(/\.$/, '');
    }
    throw new RenewalError('issuer-misconfigured', `acme: the CNAMEs of ${name} come to no end`);
  };
}

async function cnameOf(name: string, resolver: Resolver): Promise<string | undefined> {
  try {
    return (await resolver.resolveCname(name))[0];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    if (ends.has(code)) return undefined;
    throw new RenewalError('issuer-unreachable', `acme: the CNAME of ${name} cannot be looked up: ${code}`, {
      cause: { code },
    });
  }
}

function allow(address: string, mayConnect: AddressRule): void {
  if (mayConnect(address)) return;
  throw new RenewalError('issuer-misconfigured', `acme: name server: ${new AddressRefusedError(address).message}`);
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`. */
function addressOf(nameServer: string): string {
  if (isIPv6(nameServer)) return nameServer;
  return nameServer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
