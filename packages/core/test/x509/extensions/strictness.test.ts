import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/encoding/hex.ts';
import { InvalidInputError } from '../../../src/errors/families.ts';
import { crlReasonCode, crlReasonFromCode, crlReasons } from '../../../src/x509/crl/crl-reason.ts';
import { decodeSubjectAltName, encodeSubjectAltName } from '../../../src/x509/extensions/alternative-names.ts';
import {
  decodeAuthorityInfoAccess,
  encodeAuthorityInfoAccess,
} from '../../../src/x509/extensions/authority-info-access.ts';
import { decodeBasicConstraints, encodeBasicConstraints } from '../../../src/x509/extensions/basic-constraints.ts';
import {
  decodeCertificatePolicies,
  encodeCertificatePolicies,
} from '../../../src/x509/extensions/certificate-policies.ts';
import {
  decodeCrlDistributionPoints,
  encodeCrlDistributionPoints,
} from '../../../src/x509/extensions/crl-distribution-points.ts';
import {
  decodeInvalidityDate,
  decodeReasonCode,
  encodeInvalidityDate,
  encodeReasonCode,
} from '../../../src/x509/extensions/crl-entry.ts';
import {
  decodeCrlNumber,
  decodeDeltaCrlIndicator,
  encodeCrlNumber,
  encodeDeltaCrlIndicator,
} from '../../../src/x509/extensions/crl-number.ts';
import { decodeExtendedKeyUsage, encodeExtendedKeyUsage } from '../../../src/x509/extensions/extended-key-usage.ts';
import { decodeIssuingDistributionPoint } from '../../../src/x509/extensions/issuing-distribution-point.ts';
import {
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../../src/x509/extensions/key-identifiers.ts';
import { decodeKeyUsage, encodeKeyUsage, type KeyUsage, keyUsages } from '../../../src/x509/extensions/key-usage.ts';
import { decodeNameConstraints, encodeNameConstraints } from '../../../src/x509/extensions/name-constraints.ts';
import {
  decodeInhibitAnyPolicy,
  decodePolicyConstraints,
  decodePolicyMappings,
} from '../../../src/x509/extensions/policy-constraints.ts';
import { decodeNoRevAvail, decodeOcspNoCheck } from '../../../src/x509/extensions/revocation-hints.ts';
import { seed, soakSize } from '../../support/soak.ts';

const decoders = {
  basicConstraints: decodeBasicConstraints,
  keyUsage: decodeKeyUsage,
  extKeyUsage: decodeExtendedKeyUsage,
  subjectAltName: decodeSubjectAltName,
  subjectKeyIdentifier: decodeSubjectKeyIdentifier,
  authorityKeyIdentifier: decodeAuthorityKeyIdentifier,
  cRLDistributionPoints: decodeCrlDistributionPoints,
  authorityInfoAccess: decodeAuthorityInfoAccess,
  certificatePolicies: decodeCertificatePolicies,
  policyMappings: decodePolicyMappings,
  policyConstraints: decodePolicyConstraints,
  inhibitAnyPolicy: decodeInhibitAnyPolicy,
  nameConstraints: decodeNameConstraints,
  noRevAvail: decodeNoRevAvail,
  ocspNoCheck: decodeOcspNoCheck,
  cRLNumber: decodeCrlNumber,
  deltaCRLIndicator: decodeDeltaCrlIndicator,
  reasonCode: decodeReasonCode,
  invalidityDate: decodeInvalidityDate,
  issuingDistributionPoint: decodeIssuingDistributionPoint,
} satisfies Record<string, (value: Uint8Array) => unknown>;

type Name = keyof typeof decoders;

describe('a malformed extension names itself and what is wrong', () => {
  it.each<[Name, string, string]>([
    ['basicConstraints', '300602010001 01ff', 'unexpected bytes'],
    ['basicConstraints', '3003020100', 'without cA'],
    ['basicConstraints', '30060101ff0201ff', 'negative'],
    ['basicConstraints', '3003010101', 'neither 00 nor FF'],
    ['basicConstraints', '30030101ff00', 'unexpected bytes'],
    ['basicConstraints', '', 'found the end'],
    ['keyUsage', '030100', 'no bit is set'],
    ['keyUsage', '03020700', 'zero bits'],
    ['keyUsage', '03020580', 'zero bits'],
    ['keyUsage', '0303070000', 'zero bits'],
    ['keyUsage', '0303060040', 'bit 9 has no meaning'],
    ['keyUsage', '030207ff', 'padding'],
    ['keyUsage', '0400', 'Expected'],
    ['extKeyUsage', '3000', 'the list of key purposes is empty'],
    ['extKeyUsage', '30020601', 'beyond the end'],
    ['subjectAltName', '3000', 'at least one name'],
    ['subjectAltName', '30028200', 'empty, or not plain ASCII'],
    ['subjectAltName', '3006870401020304 00', 'unexpected bytes'],
    ['subjectKeyIdentifier', '0400', 'empty'],
    ['authorityKeyIdentifier', '3003820101', 'go together'],
    ['authorityKeyIdentifier', '3004a1028200', 'empty, or not plain ASCII'],
    ['authorityKeyIdentifier', '3008a1038201618201ff', 'negative'],
    ['cRLDistributionPoints', '3000', 'is empty'],
    ['cRLDistributionPoints', '30023000', 'neither a name nor a CRL issuer'],
    ['cRLDistributionPoints', '3006300481020640', 'neither a name nor a CRL issuer'],
    ['cRLDistributionPoints', '300630048102 0780', 'neither a name nor a CRL issuer'],
    ['cRLDistributionPoints', '30043002a000', 'found the end'],
    ['authorityInfoAccess', '3000', 'is empty'],
    ['authorityInfoAccess', '300a300806062b0601050507', 'no kind of GeneralName'],
    ['certificatePolicies', '3000', 'is empty'],
    ['certificatePolicies', '300c300406022a03300406022a03', '1.2.3 is given twice'],
    ['certificatePolicies', '3008300606022a033000', 'is empty'],
    ['policyMappings', '3000', 'is empty'],
    ['policyMappings', '300c300a0604551d200006022a03', 'anyPolicy'],
    ['policyConstraints', '3000', 'is empty'],
    ['policyConstraints', '3003820100', 'unexpected bytes'],
    ['inhibitAnyPolicy', '0201ff', 'negative'],
    ['nameConstraints', '3000', 'is empty'],
    ['nameConstraints', '3002a000', 'permittedSubtrees is empty'],
    ['nameConstraints', '300aa0083006820161800101', 'minimum'],
    ['nameConstraints', '300aa0083006820161810101', 'maximum'],
    ['nameConstraints', '300ea00c300a87080a000000ff00ff00', 'not contiguous'],
    ['noRevAvail', '0101ff', 'Expected'],
    ['ocspNoCheck', '050000', 'unexpected bytes'],
    ['cRLNumber', '0201ff', 'negative'],
    ['cRLNumber', '02020001', 'shortest'],
    ['cRLNumber', `0215${'7f'.repeat(21)}`, 'longer than 20 octets'],
    ['reasonCode', '0a0107', '7 has no meaning'],
    ['reasonCode', '0a010b', '11 has no meaning'],
    ['reasonCode', '020101', 'Expected'],
    ['invalidityDate', '170d3234303130313030303030305a', 'Expected'],
    ['invalidityDate', '180d3230323430313031303030305a', 'YYYYMMDDHHMMSSZ'],
    ['issuingDistributionPoint', '3000', 'empty'],
    ['issuingDistributionPoint', '30068101ff8201ff', 'more than one kind'],
    ['issuingDistributionPoint', '3003810101', '[1] is not a BOOLEAN'],
  ])('%s %s: %s', (name, hex, problem) => {
    const decode = () => decoders[name](fromHex(hex.replaceAll(' ', '')));
    expect(decode).toThrowError(InvalidInputError);
    expect(decode).toThrowError(
      expect.objectContaining({
        code: 'EXTENSION_INVALID',
        message: expect.stringMatching(new RegExp(`^${name}: (?!${name}:)`)),
        facts: expect.objectContaining({ extension: name }),
      }),
    );
    expect(decode).toThrowError(problem);
  });
});

describe('what is tolerated', () => {
  it('a default written out', () => {
    expect(decodeBasicConstraints(fromHex('3003010100'))).toEqual({ cA: false });
    expect(decodeNameConstraints(fromHex('300aa0083006820161800100')).permitted).toEqual([{ kind: 'dns', value: 'a' }]);
    expect(decodeIssuingDistributionPoint(fromHex('30068101008401ff'))).toMatchObject({
      onlyContainsUserCerts: false,
      indirectCRL: true,
    });
  });

  it('an empty basicConstraints, which says that the subject is no CA', () => {
    expect(decodeBasicConstraints(fromHex('3000'))).toEqual({ cA: false });
    expect(toHex(encodeBasicConstraints({ cA: false }).value)).toBe('3000');
  });

  it('a notice of more than 200 characters', () => {
    const text = 'x'.repeat(201);
    expect(() =>
      encodeCertificatePolicies([
        { policyIdentifier: '1.2.3', qualifiers: [{ kind: 'userNotice', explicitText: text }] },
      ]),
    ).toThrowError(expect.objectContaining({ code: 'EXTENSION_INVALID' }));
  });
});

describe('what encoders refuse', () => {
  it.each<[string, () => unknown, string]>([
    [
      'a path length without cA',
      () => encodeBasicConstraints({ cA: false, pathLenConstraint: 0 }),
      'EXTENSION_INVALID',
    ],
    ['a negative path length', () => encodeBasicConstraints({ cA: true, pathLenConstraint: -1 }), 'EXTENSION_INVALID'],
    ['no key usage', () => encodeKeyUsage([]), 'EXTENSION_INVALID'],
    ['an unknown key usage', () => encodeKeyUsage(['signing' as KeyUsage]), 'EXTENSION_INVALID'],
    ['no key purpose', () => encodeExtendedKeyUsage([]), 'EXTENSION_INVALID'],
    ['an unknown key purpose', () => encodeExtendedKeyUsage(['tlsServer']), 'EXTENSION_INVALID'],
    ['a prototype key as purpose', () => encodeExtendedKeyUsage(['constructor']), 'EXTENSION_INVALID'],
    ['a key purpose twice', () => encodeExtendedKeyUsage(['serverAuth', '1.3.6.1.5.5.7.3.1']), 'EXTENSION_INVALID'],
    ['no name', () => encodeSubjectAltName([]), 'GENERAL_NAME_INVALID'],
    ['a U-label', () => encodeSubjectAltName([{ kind: 'dns', value: 'bücher.example' }]), 'GENERAL_NAME_INVALID'],
    ['an empty key identifier', () => encodeSubjectKeyIdentifier(new Uint8Array()), 'EXTENSION_INVALID'],
    [
      'an issuer without a serial number',
      () => encodeAuthorityKeyIdentifier({ authorityCertIssuer: [{ kind: 'dns', value: 'a' }] }),
      'EXTENSION_INVALID',
    ],
    ['no distribution point', () => encodeCrlDistributionPoints([]), 'EXTENSION_INVALID'],
    [
      'a distribution point of reasons only',
      () => encodeCrlDistributionPoints([{ reasons: ['keyCompromise'] }]),
      'EXTENSION_INVALID',
    ],
    ['no access location', () => encodeAuthorityInfoAccess({}), 'EXTENSION_INVALID'],
    ['no policy', () => encodeCertificatePolicies([]), 'EXTENSION_INVALID'],
    ['a policy twice', () => encodeCertificatePolicies(['1.2.3', '1.2.3']), 'EXTENSION_INVALID'],
    ['a policy that is no OID', () => encodeCertificatePolicies(['1.2.x']), 'EXTENSION_INVALID'],
    ['no subtree', () => encodeNameConstraints({}), 'EXTENSION_INVALID'],
    [
      'an address for a range',
      () => encodeNameConstraints({ permitted: [{ kind: 'ip', value: '10.0.0.1' }] }),
      'GENERAL_NAME_INVALID',
    ],
    ['a negative CRL number', () => encodeCrlNumber(-1n), 'EXTENSION_INVALID'],
    ['a CRL number of 21 octets', () => encodeDeltaCrlIndicator(1n << 159n), 'EXTENSION_INVALID'],
  ])('%s', (_, encode, code) => {
    expect(encode).toThrowError(expect.objectContaining({ name: 'InvalidInputError', code }));
  });
});

describe('round trips', () => {
  const options = { seed: seed(20261122), numRuns: 300 };

  it('any set of key usages', () => {
    fc.assert(
      fc.property(fc.subarray([...keyUsages], { minLength: 1 }), (usages) => {
        expect(decodeKeyUsage(encodeKeyUsage(usages).value)).toEqual(usages);
      }),
      options,
    );
  });

  it('any CRL number up to 20 octets', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 159n) - 1n }), (number) => {
        expect(decodeCrlNumber(encodeCrlNumber(number).value)).toBe(number);
      }),
      options,
    );
  });

  it('every reason, by the codes of RFC 5280', () => {
    expect(crlReasons.map(crlReasonCode)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10]);
    expect(crlReasons.map((reason) => crlReasonFromCode(crlReasonCode(reason)))).toEqual(crlReasons);
    expect([7, 11, -1].map(crlReasonFromCode)).toEqual([undefined, undefined, undefined]);
    for (const reason of crlReasons) expect(decodeReasonCode(encodeReasonCode(reason).value)).toBe(reason);
  });

  it('any instant, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000, max: 250_000_000_000 }), (seconds) => {
        expect(decodeInvalidityDate(encodeInvalidityDate(seconds * 1000).value)).toBe(seconds * 1000);
      }),
      options,
    );
  });
});

describe('hostile octets', () => {
  const samples: Record<Name, string> = {
    basicConstraints: '30060101ff020103',
    keyUsage: '0303078680',
    extKeyUsage: '301406082b0601050507030106082b06010505070302',
    subjectAltName: '301a82096120612e6578616d870401020304a00706022a03a0010500',
    subjectKeyIdentifier: '04020102',
    authorityKeyIdentifier: '300d800201 02a10482026162 820105'.replaceAll(' ', ''),
    cRLDistributionPoints: '301a3018a00ea00c860a687474703a2f2f612f6281020640a2028200',
    authorityInfoAccess: '3014301206082b060105050730018606687474703a2f',
    certificatePolicies: '3020301e06022a0330183016 06082b06010505070202300a0c08 4162636465666768'.replaceAll(' ', ''),
    policyMappings: '300a300806022a0306022a04',
    policyConstraints: '3006800103810100',
    inhibitAnyPolicy: '020102',
    nameConstraints: '3018a00930078205612e636f6da10b300987080a000000ff000000',
    noRevAvail: '0500',
    ocspNoCheck: '0500',
    cRLNumber: '02020102',
    deltaCRLIndicator: '02020102',
    reasonCode: '0a0101',
    invalidityDate: '180f32303234303130313030303030305a',
    issuingDistributionPoint: '3011a00ca00a8608687474703a2f2f618101ff',
  };

  it('decode, or are EXTENSION_INVALID: nothing else escapes', { timeout: soakSize(120_000, 900_000) }, () => {
    const outcomes = { decoded: 0, refused: 0 };
    const mutation = fc.record({
      at: fc.nat(200),
      how: fc.constantFrom('set', 'insert', 'remove', 'cut'),
      octet: fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x80, 0x82, 0xa0, 0x1f, 0xff, 0x00)),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(decoders) as Name[])),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (name, mutations) => {
          const octets = [...fromHex(samples[name])];
          for (const { at, how, octet } of mutations) {
            const index = at % (octets.length + 1);
            if (how === 'cut') octets.length = index;
            else octets.splice(index, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [octet]));
          }
          try {
            decoders[name](Uint8Array.from(octets));
            outcomes.decoded += 1;
          } catch (error) {
            if (!(error instanceof InvalidInputError) || error.code !== 'EXTENSION_INVALID') throw error;
            outcomes.refused += 1;
          }
        },
      ),
      { seed: seed(20261122), numRuns: soakSize(10_000, 1_000_000) },
    );
    // Both outcomes must occur, or the mutations say nothing.
    expect(outcomes.decoded).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });
});
