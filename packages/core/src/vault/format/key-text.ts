import { InvalidInputError } from '../../errors/families.ts';
import { type Bech32mFault, fromBech32m, toBech32m } from './bech32m.ts';
import { checkKey, KEY_LENGTH } from './cobblestone/message-key.ts';

const PREFIX = 'chkey';

/**
 * Writes a record's key as text that people can keep: `chkey1` and 58 letters and digits, six of them a checksum (BIP 350).
 *
 * @param key 32 bytes
 * @returns 64 lower-case characters
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key has another length
 */
export function formatKey(key: Uint8Array): string {
  checkKey(key);
  return toBech32m(PREFIX, key);
}

/**
 * Reads a key that `formatKey` has written. Upper case and white space around it do no harm.
 *
 * @param text the key as text
 * @returns 32 bytes
 * @throws {InvalidInputError} VAULT_KEY_INVALID: it is no such text, or has a typing error. The error says what is wrong
 *   and where, and holds no part of the text.
 */
export function parseKey(text: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`it is ${typeof text}, not a string`);
  const trimmed = text.trim();
  const key = fromBech32m(PREFIX, KEY_LENGTH, trimmed);
  if ('fault' in key) throw invalid(describe(key, trimmed.length));
  return key;
}

function describe(problem: Bech32mFault, length: number): string {
  switch (problem.fault) {
    case 'prefix':
      return `it does not begin with ${PREFIX}1`;
    case 'case':
      return 'it mixes upper and lower case';
    case 'length':
      return `it has ${length} characters, not ${problem.expected}`;
    case 'character':
      return `character ${problem.position + 1} is not one that keys have`;
    case 'checksum':
      return 'its checksum does not fit: a character is wrong, or two changed places';
    case 'padding':
      return 'its last characters are no end of a key';
  }
}

function invalid(problem: string): InvalidInputError {
  return new InvalidInputError('VAULT_KEY_INVALID', `The text is not a record's key: ${problem}`);
}
