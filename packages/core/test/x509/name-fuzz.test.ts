import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors/families.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { formatGeneralName, parseGeneralNameText } from '../../src/x509/name/general-name.ts';
import { seed, soakSize } from '../support/soak.ts';

const options = { seed: seed(20261122), numRuns: soakSize(10_000, 1_000_000) };

const TIMEOUT = soakSize(120_000, 900_000);

const mutation = fc.record({
  at: fc.nat(200),
  how: fc.constantFrom('set', 'insert', 'remove', 'cut'),
  octet: fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x31, 0x06, 0x0c, 0x13, 0x1e, 0x80, 0x82, 0xff, 0)),
});

describe('hostile names', () => {
  it('a mutated Name is read, or is NAME_INVALID', { timeout: TIMEOUT }, () => {
    const samples = [
      'CN=Example Root CA,O=Example,C=DE',
      'CN=a+OU=b,DC=example,DC=net',
      'emailAddress=a@b.example,1.2.3=#0500,serialNumber=1',
    ].map((text) => DistinguishedName.parse(text).der);
    const outcomes = { read: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (sample, mutations) => {
          const octets = [...sample];
          for (const { at, how, octet } of mutations) {
            const index = at % (octets.length + 1);
            if (how === 'cut') octets.length = index;
            else octets.splice(index, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [octet]));
          }
          let name: DistinguishedName;
          try {
            name = DistinguishedName.fromDer(Uint8Array.from(octets));
          } catch (error) {
            if (!(error instanceof InvalidInputError) || error.code !== 'NAME_INVALID') throw error;
            outcomes.refused += 1;
            return;
          }
          outcomes.read += 1;
          expect(name.equals(name)).toBe(true);
          expect(typeof name.toString()).toBe('string');
        },
      ),
      options,
    );
    expect(outcomes.read).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });

  it('any text is a name in canonical form, or GENERAL_NAME_INVALID or NAME_INVALID', { timeout: TIMEOUT }, () => {
    const piece = fc.constantFrom(
      'dns:',
      'ip:',
      'uri:',
      'email:',
      'registeredId:',
      'directoryName:',
      'otherName:',
      '1.2.3',
      ';0500',
      '::',
      '0',
      'a',
      '.',
      'CN=',
      '\\',
      '@',
      'é',
      '\0',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
        (text) => {
          try {
            const formatted = formatGeneralName(parseGeneralNameText(text));
            expect(formatGeneralName(parseGeneralNameText(formatted))).toBe(formatted);
          } catch (error) {
            if (!(error instanceof InvalidInputError)) throw error;
            expect(['GENERAL_NAME_INVALID', 'NAME_INVALID']).toContain(error.code);
          }
        },
      ),
      options,
    );
  });

  it.each([
    ['spaces', (size: number) => `CN=a${' '.repeat(size)}b`],
    ['escapes', (size: number) => `CN=${'a\\ '.repeat(size)}b`],
    ['hex pairs', (size: number) => `CN=${'\\61'.repeat(size)}`],
    ['plus signs', (size: number) => `CN=${'+'.repeat(size)}`],
  ])('a megabyte of %s takes linear time', (_, text) => {
    const time = (size: number): number => {
      const given = text(size);
      const start = performance.now();
      expect(() => DistinguishedName.parse(given)).toThrowError(InvalidInputError);
      return performance.now() - start;
    };
    time(1000);
    // Quadratic time would be minutes.
    expect(time(1_000_000)).toBeLessThan(5000);
  });
});
