import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatIpAddress,
  formatIpSubnet,
  isInSubnet,
  parseIpAddress,
  parseIpSubnet,
} from '../../src/x509/name/ip-address.ts';
import { seed } from '../support/soak.ts';

const canonical = (text: string) => {
  const octets = parseIpAddress(text);
  return octets && formatIpAddress(octets);
};

describe('IP addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    // RFC 5952 section 4.
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.04',
    '256.1.1.1',
    '1.2.3.-4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1.2.3.4/8',
    ':',
    ':::',
    '1:::2',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
  ])('%j is no address', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  it('agrees with Node on what an address is, and with URL on its canonical form', () => {
    const group = fc.constantFrom('0', '1', 'ab', '0ABC', 'ffff', '', '1.2.3.4', '12345', '00');
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 2, maxLength: 9 }).map((groups) => groups.join(':')),
        (text) => {
          expect(parseIpAddress(text) !== undefined).toBe(isIPv6(text));
          // WHATWG URL never writes the dotted form.
          if (isIPv6(text) && !canonical(text)?.includes('.')) {
            expect(`[${canonical(text)}]`).toBe(new URL(`http://[${text}]`).hostname);
          }
        },
      ),
      { seed: seed(20261122), numRuns: 3000 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('0', '1', '01', '255', '256', ''), { maxLength: 5 }).map((parts) => parts.join('.')),
        (text) => {
          expect(parseIpAddress(text) !== undefined).toBe(isIPv4(text));
        },
      ),
      { seed: seed(20261122), numRuns: 1000 },
    );
  });

  it('any octets survive their text', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(octets, (given) => {
        expect(parseIpAddress(formatIpAddress(given))).toEqual(given);
      }),
      { seed: seed(20261122) },
    );
  });
});

describe('ranges of addresses', () => {
  it.each(['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', '192.0.2.128/25', '::/0', '2001:db8::/33', '::1/128'])(
    '%s survives',
    (text) => {
      const subnet = parseIpSubnet(text);
      expect(subnet && formatIpSubnet(subnet)).toBe(text);
    },
  );

  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '/8', '::/129', '10.0.0/8'])(
    '%j is none',
    (text) => {
      expect(parseIpSubnet(text)).toBeUndefined();
    },
  );

  it('a mask with a hole has no CIDR form', () => {
    expect(formatIpSubnet({ address: new Uint8Array(4), mask: Uint8Array.of(255, 0, 255, 0) })).toBeUndefined();
  });

  it.each([
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['192.0.2.127', '192.0.2.0/25', true],
    ['192.0.2.128', '192.0.2.0/25', false],
    ['10.9.9.9', '10.0.0.1/8', true],
    ['::1', '0.0.0.0/0', false],
    ['2001:db8:8000::', '2001:db8::/33', false],
    ['2001:db8:7fff::', '2001:db8::/33', true],
  ])('%s in %s: %s', (address, range, expected) => {
    expect(isInSubnet(parseIpAddress(address)!, parseIpSubnet(range)!)).toBe(expected);
  });
});
