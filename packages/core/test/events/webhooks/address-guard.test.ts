import { describe, expect, it } from 'vitest';
import { addressBlock, addressOctets, isInBlock } from '../../../src/events/webhooks/address-blocks.ts';
import { refusedAddress } from '../../../src/events/webhooks/address-guard.ts';

/** Of each kind the first, one within, and the last. */
const REFUSED: readonly (readonly [kind: string, ...addresses: string[]])[] = [
  ['an address of this network', '0.0.0.0', '0.1.2.3', '0.255.255.255'],
  ['a private address', '10.0.0.0', '10.20.30.40', '10.255.255.255'],
  ['a private address', '172.16.0.0', '172.20.0.1', '172.31.255.255'],
  ['a private address', '192.168.0.0', '192.168.1.1', '192.168.255.255'],
  ['a shared address of a carrier', '100.64.0.0', '100.100.100.200', '100.127.255.255'],
  ['a loopback address', '127.0.0.0', '127.0.0.1', '127.255.255.255'],
  ['a link-local address', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ['an address for protocol assignments', '192.0.0.0', '192.0.0.170', '192.0.0.255'],
  ['an address for documentation', '192.0.2.0', '192.0.2.255', '198.51.100.7', '203.0.113.0', '203.0.113.255'],
  ['an address of 6to4 relays', '192.88.99.0', '192.88.99.255'],
  ['an address for benchmarks', '198.18.0.0', '198.19.255.255'],
  ['a multicast address', '224.0.0.0', '239.255.255.255'],
  ['a reserved address', '240.0.0.0', '255.255.255.255'],
  ['an address of cloud metadata', '168.63.129.16', '::ffff:168.63.129.16', '64:ff9b::a83f:8110', '2002:a83f:8110::1'],
  ['the unspecified address', '::', '0:0:0:0:0:0:0:0'],
  ['a loopback address', '::1', '0000:0000:0000:0000:0000:0000:0000:0001'],
  ['a private address', 'fc00::', 'fd12:3456::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fec0::1'],
  ['a link-local address', 'fe80::', 'fe80::1', 'febf:ffff::1'],
  ['a multicast address', 'ff00::', 'ff02::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  [
    'an address for protocol assignments',
    '2001::',
    '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2001:1ff:ffff::',
  ],
  ['an address for documentation', '2001:db8::', '2001:db8:ffff::1', '3fff::', '3fff:fff:ffff::1'],
  ['a reserved address', '100::1', '64:ff9b:1::a00:1', '5f00::1', '4000::1', '::10.0.0.1', '::8.8.8.8', '1fff:ffff::1'],
  // IPv4 within IPv6: mapped, translated, and 6to4.
  ['a loopback address', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::127.0.0.1', '2002:7f00:1::'],
  ['a private address', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::1', '2002:c0a8:101:1::1'],
  ['a link-local address', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::'],
  ['an address of this network', '::ffff:0.0.0.0', '2002::1'],
];

const ALLOWED = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ],
  ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.0.3.0', '192.88.98.255'],
  ...[
    '192.167.255.255',
    '192.169.0.0',
    '168.63.129.15',
    '168.63.129.17',
    '198.17.255.255',
    '198.20.0.0',
    '198.51.99.255',
    '203.0.114.0',
    '223.255.255.255',
  ],
  ...[
    '2000::1',
    '2606:4700:4700::1111',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::',
    '2003::1',
    '3ffe::1',
    '3fff:1000::',
  ],
  ...['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '2a00:1450:4001:81b::200e'],
];

describe('the judgement of addresses', () => {
  it.each(REFUSED)('refuses %s', (kind, ...addresses) => {
    expect(addresses.map((address) => [address, refusedAddress(address)])).toEqual(
      addresses.map((address) => [address, kind]),
    );
  });

  it('lets through what is reachable from anywhere, up to the edges of what is not', () => {
    expect(ALLOWED.filter((address) => refusedAddress(address) !== undefined)).toEqual([]);
  });

  it('refuses what is no address', () => {
    for (const text of [
      '',
      'localhost',
      '127.1',
      '0x7f.0.0.1',
      '010.0.0.1',
      '1.2.3.4.5',
      'fe80::1%eth0',
      '::g',
      '[::1]',
    ]) {
      expect([text, refusedAddress(text)]).toEqual([text, 'not an address']);
    }
  });

  it('lets through the blocks that are allowed, in whatever form they come, and nothing beside them', () => {
    const blocks = ['10.1.0.0/16', 'fd00:1::/32'].map((text) => addressBlock(text)!);
    const judged = (address: string) => refusedAddress(address, blocks);
    for (const address of ['10.1.0.0', '10.1.255.255', '::ffff:10.1.2.3', 'fd00:1::5', '8.8.8.8']) {
      expect([address, judged(address)]).toEqual([address, undefined]);
    }
    for (const address of ['10.0.255.255', '10.2.0.0', '169.254.169.254', 'fd00:2::1', '::1']) {
      expect([address, judged(address) === undefined]).toEqual([address, false]);
    }
  });
});

describe('blocks of addresses', () => {
  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '/8',
    'x/8',
    '10.0.0.0/1e1',
  ])('%j is none', (text) => {
    expect(addressBlock(text)).toBeUndefined();
  });

  it('hold the addresses that agree with them bit by bit', () => {
    const inBlock = (address: string, block: string) => isInBlock(addressOctets(address)!, addressBlock(block)!);
    expect(inBlock('10.0.0.129', '10.0.0.128/25')).toBe(true);
    expect(inBlock('10.0.0.127', '10.0.0.128/25')).toBe(false);
    expect(inBlock('1.2.3.4', '0.0.0.0/0')).toBe(true);
    expect(inBlock('::1', '0.0.0.0/0')).toBe(false);
    expect(inBlock('::1', '::/127')).toBe(true);
    expect(inBlock('::2', '::/127')).toBe(false);
    expect([...addressOctets('1:2::3.4.5.6')!]).toEqual([0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6]);
  });
});
