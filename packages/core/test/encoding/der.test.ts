import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../src/encoding/der/reader.ts';
import { contextTag, describeTag, Tag } from '../../src/encoding/der/tags.ts';
import { validateDer } from '../../src/encoding/der/validate.ts';
import {
  derBitString,
  derBoolean,
  derContext,
  derEnumerated,
  derIa5,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derPrintable,
  derSequence,
  derSet,
  derTagged,
  derUtf8,
} from '../../src/encoding/der/writer.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import { seed } from '../support/soak.ts';

const options = { seed: seed(5) };
const invalid = expect.objectContaining({ name: 'InvalidInputError', code: 'DER_INVALID' });
const reader = (hex: string) => new DerReader(fromHex(hex));

describe('integers', () => {
  it('round-trip and are in their shortest form', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
        const content = new DerReader(derInteger(value)).integer();
        expect(BigInt(`0x${toHex(content)}`)).toBe(value);
        validateDer(derInteger(value));
      }),
      options,
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (value) => {
        expect(new DerReader(derInteger(value)).smallInteger()).toBe(value);
        expect(derInteger(BigInt(value))).toEqual(derInteger(value));
      }),
      options,
    );
  });

  it('take a magnitude with leading zeros, or an empty one', () => {
    expect(toHex(derInteger(Uint8Array.of(0, 0, 0x80)))).toBe('02020080');
    expect(toHex(derInteger(Uint8Array.of(0, 0)))).toBe('020100');
    expect(toHex(derInteger(new Uint8Array(0)))).toBe('020100');
  });

  it.each(['0200', '02020001', '0202007f', '0202ff80', '0202ffff'])('in the form %s are refused', (hex) => {
    expect(() => reader(hex).integer()).toThrow(invalid);
    expect(() => validateDer(fromHex(hex))).toThrow(invalid);
  });

  it('that are negative or large are no small integers', () => {
    expect(() => reader('0201ff').smallInteger()).toThrow('negative');
    expect(() => reader('02050080000000').smallInteger()).toThrow('larger');
    expect(reader('02047fffffff').smallInteger()).toBe(2 ** 31 - 1);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 60, -1n])('cannot be written from %s', (value) => {
    expect(() => derInteger(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('lengths', () => {
  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 24])('of %d round-trip', (length) => {
    const element = derOctetString(new Uint8Array(length));
    const whole = new DerReader(element);
    expect(whole.octetString()).toHaveLength(length);
    whole.finish();
    expect(validateDer(element)).toBe(1);
  });

  it.each([
    ['indefinite', '30800000'],
    ['cut off', '04'],
    ['cut off in the long form', '048201'],
    ['in the long form though short', '04810100'],
    ['with a leading zero', `04820080${'00'.repeat(128)}`],
    ['beyond the end', '040200'],
  ])('that are %s are refused', (_, hex) => {
    expect(() => reader(hex).skip()).toThrow(invalid);
    expect(() => validateDer(fromHex(hex))).toThrow(invalid);
  });

  it('of more than four octets are refused', () => {
    const huge = expect.objectContaining({ code: 'DER_TOO_LARGE' });
    expect(() => reader('04850100000000').skip()).toThrow(huge);
    expect(() => validateDer(fromHex('04850100000000'))).toThrow(huge);
  });

  it('of four octets that reach beyond the end are refused without reading them', () => {
    expect(() => reader('0484ffffffff').skip()).toThrow('4294967295 reaches beyond the end');
  });
});

describe('bit strings', () => {
  it('round-trip', () => {
    expect(new DerReader(derBitString(Uint8Array.of(0xa0), 5)).bitString()).toEqual({
      bytes: Uint8Array.of(0xa0),
      unusedBits: 5,
    });
    expect(new DerReader(derBitString(new Uint8Array(0))).bitString()).toEqual({
      bytes: new Uint8Array(0),
      unusedBits: 0,
    });
  });

  it.each(['0300', '030101', '030208ff', '03020101', '0302ff00'])('in the form %s are refused', (hex) => {
    expect(() => reader(hex).bitString()).toThrow(invalid);
    expect(() => validateDer(fromHex(hex))).toThrow(invalid);
  });

  it.each([
    [[0x01], 1],
    [[], 1],
    [[0], 8],
    [[0], -1],
    [[0], 0.5],
  ])('of %j with %d unused bits cannot be written', (octets, unusedBits) => {
    expect(() => derBitString(Uint8Array.from(octets), unusedBits)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('strings', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        expect(new DerReader(derUtf8(text)).text()).toBe(text);
      }),
      options,
    );
    expect(new DerReader(derPrintable("A-z 0'()+,-./:=?")).text()).toBe("A-z 0'()+,-./:=?");
    expect(new DerReader(derIa5('a@\u007f')).text()).toBe('a@\u007f');
  });

  it.each([
    ['1401fc', 'ü'],
    ['1e0400e420ac', 'ä€'],
    ['1c080001f600000000e4', '😀ä'],
    ['12033120 32'.replace(' ', ''), '1 2'],
    ['1a02417e', 'A~'],
    ['0c00', ''],
    [`0c1a${'61'.repeat(26)}`, 'a'.repeat(26)],
  ])('%s is %j', (hex, text) => {
    expect(reader(hex).text()).toBe(text);
  });

  it('under an implicit tag are read as the type that it hides', () => {
    expect(new DerReader(derTagged(0x82, Uint8Array.of(0x61))).text(Tag.ia5String)).toBe('a');
    expect(() => new DerReader(derTagged(0x82, Uint8Array.of(0xe4))).text(Tag.ia5String)).toThrow(invalid);
  });

  it.each([
    '0c01ff',
    '0c02c080',
    '13012a',
    '130140',
    '160180',
    '1a017f',
    '120141',
    '1e0161',
    '1e02d800',
    '1c0400110000',
    '1c03000061',
    '040161',
  ])('%s is refused', (hex) => {
    expect(() => reader(hex).text()).toThrow(invalid);
  });

  it('cannot be written with a character that does not belong to the type', () => {
    expect(() => derPrintable('a*')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => derIa5('ä')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('the reader', () => {
  it('reads a structure part by part', () => {
    const der = derSequence(
      derBoolean(true),
      derEnumerated(3),
      derNull(),
      derOid('2.5.29.17'),
      derContext(1, true, derInteger(5)),
      derContext(2, false),
    );
    const sequence = new DerReader(der).read(Tag.sequence);
    expect(sequence.boolean()).toBe(true);
    expect(sequence.smallInteger(Tag.enumerated)).toBe(3);
    sequence.null();
    expect(sequence.oid()).toBe('2.5.29.17');
    expect(sequence.optional(contextTag(0, true))).toBeUndefined();
    expect(sequence.optional(contextTag(1, true))?.smallInteger()).toBe(5);
    expect(sequence.peekTag()).toBe(0x82);
    expect(sequence.element()).toEqual(Uint8Array.of(0x82, 0));
    expect(sequence.peekTag()).toBeUndefined();
    expect(sequence.done).toBe(true);
    sequence.finish();
  });

  it('hands out views, and starts and stops where it is told', () => {
    const bytes = fromHex('ffff0201050500');
    const part = new DerReader(bytes, 2, 5);
    const content = part.integer();
    expect(content.buffer).toBe(bytes.buffer);
    expect(content).toEqual(Uint8Array.of(5));
    expect(part.done).toBe(true);
    expect(() => new DerReader(bytes, 2, 4).integer()).toThrow('beyond the end');
  });

  it('refuses what follows the last element', () => {
    const value = reader('05000500');
    value.null();
    expect(() => value.finish()).toThrow('2 unexpected bytes follow the last element at byte 2');
  });

  it('names what it expected, what it found and where', () => {
    const error = expect.objectContaining({ code: 'DER_INVALID', facts: { offset: 2 } });
    const inner = reader('30020500').read(Tag.sequence);
    expect(() => inner.integer()).toThrow(error);
    expect(() => inner.integer()).toThrow('Expected integer (0x02) but found null (0x05) at byte 2');
    expect(() => reader('').read(Tag.sequence)).toThrow('Expected sequence (0x30) but found the end at byte 0');
    expect(() => reader('').skip()).toThrow('Expected an element but found the end');
  });

  it.each(['0101ab', '010101', '0100', '01020000'])('refuses the BOOLEAN %s', (hex) => {
    expect(() => reader(hex).boolean()).toThrow(invalid);
    expect(() => validateDer(fromHex(hex))).toThrow(invalid);
  });

  it.each(['0000', '1f8100', 'bf2000'])('refuses the tag of %s', (hex) => {
    expect(() => reader(hex).skip()).toThrow('is not a tag of X.509');
    expect(() => validateDer(fromHex(hex))).toThrow('is not a tag of X.509');
  });

  it('refuses a NULL with content', () => {
    expect(() => reader('050100').null()).toThrow(invalid);
    expect(() => validateDer(fromHex('050100'))).toThrow(invalid);
  });
});

describe('tags', () => {
  it('refuse numbers that need the long form', () => {
    expect(contextTag(30, false)).toBe(0x9e);
    for (const n of [31, -1, 0.5])
      expect(() => contextTag(n, true)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('are described by name, by number or as they are', () => {
    expect([Tag.set, 0xa3, 0x44].map(describeTag)).toEqual(['set (0x31)', '[3] (0xa3)', '0x44']);
  });
});

describe('sets', () => {
  it('are sorted as DER wants', () => {
    expect(toHex(derSet(derInteger(2), derInteger(1), derNull(), derInteger(256)))).toBe(
      '310c020101020102020201000500',
    );
  });
});

describe('validateDer', () => {
  const leaf = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 70n }).map(derInteger),
    fc.string().map(derUtf8),
    fc.boolean().map(derBoolean),
    fc.uint8Array({ maxLength: 200 }).map(derOctetString),
    fc.constant(derOid('1.3.6.1.4.1.99999')),
    fc.constant(derNull()),
  );
  const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('tree'), { maxLength: 5 }).map((parts) => derSequence(...parts)),
      fc.array(tie('tree'), { maxLength: 3 }).map((parts) => derContext(3, true, ...parts)),
    ),
  }));

  it('accepts whatever the writer writes, and nothing that is cut or longer', () => {
    fc.assert(
      fc.property(tree, (der) => {
        expect(validateDer(der)).toBeGreaterThan(0);
        expect(() => validateDer(der.subarray(0, -1))).toThrow(expect.objectContaining({ name: 'InvalidInputError' }));
        expect(() => validateDer(Uint8Array.of(...der, 0))).toThrow('1 unexpected bytes follow the value');
      }),
      options,
    );
  });

  it('bounds depth without recursion', () => {
    const nested = (depth: number) => {
      let der = derNull();
      for (let level = 0; level < depth; level++) der = derSequence(der);
      return der;
    };
    expect(validateDer(nested(32))).toBe(33);
    expect(() => validateDer(nested(33))).toThrow(expect.objectContaining({ code: 'DER_TOO_DEEP' }));
    expect(validateDer(nested(2_000), { maxDepth: 2_000 })).toBe(2_001);
  });

  it('bounds the number of elements', () => {
    const der = derSequence(...new Array<Uint8Array>(10).fill(derNull()));
    expect(validateDer(der, { maxElements: 11 })).toBe(11);
    expect(() => validateDer(der, { maxElements: 10 })).toThrow(expect.objectContaining({ code: 'DER_TOO_LARGE' }));
  });

  it.each([
    ['a primitive SEQUENCE', '1000'],
    ['a constructed OCTET STRING', '2400'],
    ['an empty OBJECT IDENTIFIER', '0600'],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(() => validateDer(fromHex(hex))).toThrow(invalid);
  });
});
