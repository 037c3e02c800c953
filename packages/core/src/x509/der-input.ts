import { isBytes } from '../encoding/bytes.ts';
import { decodePem } from '../encoding/pem.ts';
import { InvalidInputError } from '../errors/families.ts';

/** What {@link derInput} accepts. */
export interface DerInputRules {
  /** What is read, for messages: `certificate`. */
  readonly what: string;
  /** The PEM labels that it goes by. */
  readonly labels: readonly string[];
  /** The most bytes of DER. */
  readonly maxBytes: number;
  /** Keeps the caller's bytes rather than a copy, for what may be very large; default false. */
  readonly adopt?: boolean;
}

/**
 * Takes what a caller gave as PEM or DER and makes DER of it that, unless it is adopted, nobody else can change.
 *
 * @param input PEM text with exactly one block, or DER
 * @param rules labels and size
 * @returns the DER
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 * @throws {InvalidInputError} PEM_INVALID: the text is not one PEM block with such a label
 * @throws {InvalidInputError} DER_TOO_LARGE: more than `maxBytes`
 */
export function derInput(input: string | Uint8Array, rules: DerInputRules): Uint8Array {
  if (typeof input === 'string') return pemInput(input, rules, 1)[0] as Uint8Array;
  if (!isBytes(input)) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `A ${rules.what} must be PEM text or DER bytes, not ${typeof input}`,
    );
  }
  checkSize(input.length, rules);
  return rules.adopt ? input : new Uint8Array(input);
}

/**
 * Takes the DER out of a PEM text with several blocks.
 *
 * @param text the PEM text
 * @param rules labels, and the size of each block
 * @param maxBlocks the most blocks
 * @returns the DER of each block, in order
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is no text
 * @throws {InvalidInputError} PEM_INVALID: the text is not PEM with such labels, or has more blocks
 * @throws {InvalidInputError} DER_TOO_LARGE: a block of more than `maxBytes`, or a text that is out of proportion
 */
export function pemInput(text: string, rules: DerInputRules, maxBlocks: number): Uint8Array[] {
  if (typeof text !== 'string')
    throw new InvalidInputError('INVALID_ARGUMENT', `A ${rules.what} must be PEM text, not ${typeof text}`);
  // Base64 takes 4/3; the rest is room for what tools like to write above a block.
  if (text.length > rules.maxBytes * 2 * maxBlocks) checkSize(text.length, rules);
  return decodePem(text, { label: rules.labels, maxBlocks }).map(({ der }) => {
    checkSize(der.length, rules);
    return der;
  });
}

function checkSize(length: number, { what, maxBytes }: DerInputRules): void {
  if (length > maxBytes) {
    throw new InvalidInputError('DER_TOO_LARGE', `A ${what} of ${length} bytes is over the limit of ${maxBytes}`, {
      facts: { length, maxBytes },
    });
  }
}
