import { describe, expect, it } from 'vitest';
import { addressRule, guardedLookup } from '../../src/address.ts';

const refusedAddresses = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.0.1'],
  ...['169.254.169.254', '169.254.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255', '192.0.0.1'],
  ...[
    '192.0.2.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
  ],
  ...['255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1'],
  ...[
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0:0:0:0:0:ffff:c0a8:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
  ],
  ...[
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    'fc00::1',
    'fd00:ec2::254',
    'fdff::1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
  ],
  ...['fec0::1', 'ff02::1', 'ff0e::1'],
  // What is no address at all: a socket would have it resolved by somebody who reads more than decimals.
  ...[
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1:443',
    '[::1]',
    'localhost',
    '',
    ' 1.1.1.1',
    '1.1.1.1%a',
  ],
];

describe('an address', () => {
  it.each(refusedAddresses)('%j is refused', (address) => {
    expect(addressRule([])(address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '20.50.2.1',
    '100.128.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '2603:1030::1',
    '::ffff:20.50.2.1',
  ])('%s is public', (address) => {
    expect(addressRule([])(address)).toBe(true);
  });

  it.each([
    ['10.0.0.0/8', '10.9.9.9', true],
    ['10.0.0.0/8', '::ffff:10.9.9.9', true],
    ['10.0.0.0/8', '11.0.0.1', true],
    ['10.0.0.0/24', '10.0.1.1', false],
    ['10.0.0.4', '10.0.0.4', true],
    ['10.0.0.4', '10.0.0.5', false],
    ['fd00:1::/32', 'fd00:1::5', true],
    ['fd00:1::/32', 'fd00:2::5', false],
    ['10.0.0.0/8', '169.254.169.254', false],
  ])('with %s listed, %s is allowed: %s', (network, address, expected) => {
    expect(addressRule([network])(address)).toBe(expected);
  });
});

describe('a name', () => {
  const resolve = (all: boolean, allowed: readonly string[]): Promise<unknown> =>
    new Promise((done) => {
      guardedLookup(addressRule(allowed))('localhost', { all, family: 4 }, (error, address) => done(error ?? address));
    });

  it.each([true, false])(
    'that means this machine is refused at the moment of the connection (all: %s)',
    async (all) => {
      expect(await resolve(all, [])).toMatchObject({ name: 'AddressRefusedError' });
    },
  );

  it('that means a listed address is answered with what was checked', async () => {
    expect(await resolve(false, ['127.0.0.0/8'])).toBe('127.0.0.1');
    expect(await resolve(true, ['127.0.0.0/8'])).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('is judged anew each time it is resolved', async () => {
    const answers = ['20.50.2.1', '127.0.0.1'];
    const rule = addressRule([]);
    expect(answers.map(rule)).toEqual([true, false]);
  });
});
