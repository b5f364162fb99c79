import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks that no public server is in (IANA special-purpose registries): this machine, private, link-local, reserved. */
const special: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...[
    '224.0.0.0/4',
    '240.0.0.0/4',
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
  ],
  ...['2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];

/** Answers whether a connection to this IP address is allowed. */
export type AddressRule = (address: string) => boolean;

/** Public addresses, and those within the networks (`10.1.0.0/16`) or equal to the addresses that are listed. */
export function addressRule(allowed: readonly string[]): AddressRule {
  const listed = blockListOf(allowed);
  return (address) => {
    const plain = unmapped(address);
    return isIP(plain) !== 0 && (contains(listed, plain) || !contains(blocked, plain));
  };
}

/**
 * Resolves a name for a socket and refuses addresses that the rule does not allow. The socket connects to what is
 * answered here, so that a name cannot mean one address when it is checked and another one when it is used.
 */
export function guardedLookup(rule: AddressRule): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      const refused = error === null ? found.find(({ address }) => !rule(address)) : undefined;
      const [first] = found ?? [];
      if (error !== null || first === undefined || refused !== undefined) {
        done(error ?? new AddressRefusedError(refused?.address ?? host), '');
      } else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}

/** A name or an endpoint means an address that the estate file does not allow. */
export class AddressRefusedError extends TypeError {
  override readonly name = 'AddressRefusedError';
  /** HTTP clients keep the code of an error and its message, and not the error. */
  readonly code = 'ADDRESS_REFUSED';

  constructor(address: string) {
    super(`${address} is no public address, and the estate file does not list it under network.allow`);
  }
}

/** An IPv4 address that is written as one of IPv6, in either spelling. */
function unmapped(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address;
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  return Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex').join('.');
}

function contains(list: BlockList, address: string): boolean {
  const bare = address.split('%', 1)[0] ?? '';
  return list.check(bare, isIP(bare) === 4 ? 'ipv4' : 'ipv6');
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return list;
}

const blocked = blockListOf(special);
