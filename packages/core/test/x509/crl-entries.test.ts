import { describe, expect, it } from 'vitest';
import { signatureAlgorithmFor } from '../../src/crypto/algorithms.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { nodeCrypto } from '../../src/index.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { buildCrl, type CrlContents } from '../../src/x509/crl/crl-builder.ts';
import { CrlEntries } from '../../src/x509/crl/crl-entries.ts';
import { revokedCertificatesOf } from '../../src/x509/crl/revoked-certificates.ts';
import { SerialNumberSet } from '../../src/x509/crl/serial-number-set.ts';
import { encodeFreshestCrl } from '../../src/x509/extensions/crl-distribution-points.ts';
import { decodeDeltaCrlIndicator } from '../../src/x509/extensions/crl-number.ts';
import { findExtension } from '../../src/x509/extensions/extension.ts';
import {
  decodeIssuingDistributionPoint,
  encodeIssuingDistributionPoint,
} from '../../src/x509/extensions/issuing-distribution-point.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { codeOf } from '../support/expect-error.ts';

const crypto = nodeCrypto();
const signingKey = await crypto.generateKey('ECDSA-P256');
const AT = Date.UTC(2026, 0, 1);

async function crlOf(entries: CrlContents['entries'], more: Partial<CrlContents> = {}): Promise<Uint8Array> {
  return buildCrl(
    {
      issuer: DistinguishedName.parse('CN=Test CA'),
      signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
      signingKey,
      number: 2n,
      thisUpdate: new Date(AT),
      nextUpdate: new Date(AT + 1000),
      entries,
      ...more,
    },
    crypto,
  );
}

const serialsOf = (der: Uint8Array) => [...parseCrl(der).entries()].map(({ serialNumber }) => serialNumber);

describe('entries taken over from another CRL', () => {
  it('are all but those that are left out, whatever their length, order and number', async () => {
    const random = new SeededRandom(7);
    for (let run = 0; run < 60; run++) {
      const serials = new Set<string>();
      const count = random.integer(0, 40);
      // Short ones share their last octets with others; a leading octet above 7f takes a sign octet.
      while (serials.size < count)
        serials.add(
          `${random.pick(['', '01', 'ff', '7fab'])}${random.hex(2 * random.integer(1, 16))}`.replace(
            /^(00)+(?=..)/,
            '',
          ),
        );
      const entries = [...serials].map((serialNumber) => ({
        serialNumber,
        revokedAt: AT,
        reason: random.pick([undefined, 'superseded'] as const),
      }));
      const previous = await crlOf(entries);
      const bytes = revokedCertificatesOf(previous);
      const leaving = [...serials].filter(() => random.chance(random.pick([0, 0.3, 1])));
      const strangers = Array.from({ length: 5 }, () => `01${random.hex(38)}`);
      const kept = CrlEntries.without({ bytes, size: entries.length }, new SerialNumberSet([...leaving, ...strangers]));
      const expected = serialsOf(previous).filter((serial) => !leaving.includes(serial));
      expect(kept.size).toBe(expected.length);
      expect(serialsOf(await crlOf(kept))).toEqual(expected);
      kept.add({ serialNumber: '0a', revokedAt: AT, reason: 'keyCompromise' });
      expect(serialsOf(await crlOf(kept))).toEqual([...expected, '0a']);
      expect(toHex(kept.toBytes())).toBe(toHex(revokedCertificatesOf(await crlOf(kept))));
    }
  });

  it('are found in a CRL of ours, empty or not, and in nothing else', async () => {
    expect(revokedCertificatesOf(await crlOf([]))).toHaveLength(0);
    expect(() => revokedCertificatesOf(Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01))).toThrow(/CRL/);
  });
});

describe('a delta CRL', () => {
  it('names its base, and may take entries back', async () => {
    const entries = [{ serialNumber: '01', revokedAt: AT, reason: 'removeFromCRL' } as const];
    const crl = parseCrl(await crlOf(entries, { baseNumber: 1n }));
    const indicator = findExtension(crl.extensions, 'deltaCRLIndicator');
    expect([indicator?.critical, decodeDeltaCrlIndicator(indicator?.value as Uint8Array)]).toEqual([true, 1n]);
    expect(crl.find('01')?.reason).toBe('removeFromCRL');
    const kept = CrlEntries.from(entries, { isDelta: true });
    expect(parseCrl(await crlOf(kept, { baseNumber: 1n })).size).toBe(1);
    expect(await codeOf(crlOf(kept))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(crlOf(entries))).toBe('INVALID_ARGUMENT');
  });
});

describe('the extensions that say which CRL it is', () => {
  it.each([
    { distributionPoint: { fullName: [{ kind: 'uri' as const, value: 'http://a.example/1.crl' }] } },
    { onlyContainsUserCerts: true, onlySomeReasons: ['keyCompromise' as const] },
    { onlyContainsCACerts: true, indirectCRL: true },
    { onlyContainsAttributeCerts: true },
  ])('issuingDistributionPoint %j is read back', (scope) => {
    const { critical, value } = encodeIssuingDistributionPoint(scope);
    expect(critical).toBe(true);
    const nothing = { onlyContainsUserCerts: false, onlyContainsCACerts: false, indirectCRL: false };
    expect(decodeIssuingDistributionPoint(value)).toEqual({ ...nothing, onlyContainsAttributeCerts: false, ...scope });
  });

  it('are refused where they would say nothing, or two things', () => {
    expect(() => encodeIssuingDistributionPoint({})).toThrow(/nothing/);
    const two = { onlyContainsUserCerts: true, onlyContainsCACerts: true };
    expect(() => encodeIssuingDistributionPoint(two)).toThrow(/more than one kind/);
    expect(() => encodeFreshestCrl([])).toThrow(/freshestCRL/);
  });
});
