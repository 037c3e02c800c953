import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { passwordHashInvalid } from './password-hash.ts';

const SALT_BYTES = { least: 8, most: 64 };
const HASH_BYTES = { least: 16, most: 64 };
const DECIMAL = /^(?:0|[1-9]\d{0,9})$/;

/** A string of the PHC format: `$id[$v=version]$name=value,…$salt$hash`. */
export interface PhcString {
  readonly id: string;
  readonly version?: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Writes a PHC string; the parameters in the order of their object. */
export function formatPhc({ id, version, parameters, salt, hash }: PhcString): string {
  const costs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  const parts = [
    id,
    ...(version === undefined ? [] : [`v=${version}`]),
    costs.join(','),
    unpadded(salt),
    unpadded(hash),
  ];
  return `$${parts.join('$')}`;
}

/**
 * Reads a PHC string with exactly the named parameters, in that order.
 *
 * @param encoded - the text, of which the caller has recognized the id
 * @param names - such as `['m', 't', 'p']`
 * @param version - that the string must carry, where the function has versions
 * @throws {InvalidInputError} PASSWORD_HASH_INVALID: any deviation
 */
export function parsePhc(encoded: string, names: readonly string[], version?: number): PhcString {
  const [empty, id = '', ...rest] = encoded.split('$');
  if (version !== undefined && rest.shift() !== `v=${version}`)
    throw passwordHashInvalid(`its version is not ${version}`);
  const [costs = '', salt = '', hash = '', ...more] = rest;
  if (empty !== '' || rest.length < 3 || more.length > 0)
    throw passwordHashInvalid('it does not have the parts of the PHC format');
  return {
    id,
    ...(version === undefined ? {} : { version }),
    parameters: parseCosts(costs, names),
    salt: checkLength('salt', decodeUnpadded(salt, 'salt'), SALT_BYTES),
    hash: checkLength('hash', decodeUnpadded(hash, 'hash'), HASH_BYTES),
  };
}

/** Checks the length of a decoded salt or hash. */
export function checkLength(
  what: 'salt' | 'hash',
  bytes: Uint8Array,
  { least, most }: { readonly least: number; readonly most: number } = what === 'salt' ? SALT_BYTES : HASH_BYTES,
): Uint8Array {
  if (bytes.length >= least && bytes.length <= most) return bytes;
  throw passwordHashInvalid(`its ${what} has ${bytes.length} bytes, not ${least} to ${most}`);
}

/** Reads a decimal without sign or leading zeros. */
export function parseCost(text: string, name: string): number {
  if (DECIMAL.test(text)) return Number(text);
  throw passwordHashInvalid(`its parameter ${name} is not a number`);
}

/** Decodes base64 with or without padding. */
export function decodeUnpadded(text: string, what: string): Uint8Array {
  try {
    return fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '='));
  } catch {
    // The cause would tell the text's length at most; the text itself is a credential and stays out.
    throw passwordHashInvalid(`its ${what} is not base64`);
  }
}

function parseCosts(text: string, names: readonly string[]): Record<string, number> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  const fits =
    pairs.length === names.length && pairs.every(([name, , more], at) => name === names[at] && more === undefined);
  if (!fits) throw passwordHashInvalid(`its parameters are not ${names.join(', ')}`);
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, parseCost(value, name)]));
}

function unpadded(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/=+$/, '');
}
