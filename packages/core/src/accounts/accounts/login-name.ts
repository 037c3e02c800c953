import { STORAGE_LIMITS } from '../../ports/storage/limits.ts';
import { storableLength } from '../../ports/storage/text.ts';

/** A login, and what it is compared by. */
export interface LoginName {
  /** As it was given. */
  readonly login: string;
  /** Folded: two logins are one exactly if this is the same. */
  readonly loginKey: string;
}

const LONGEST = 256;
// Control and format characters, surrogates, private use; what this runtime's Unicode does not know yet, whose folding may still change; and what
// shows as nothing: selectors of variants, fillers, joiners, the blank of Braille.
const OTHER = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u;
const SPACE_AT_AN_END = /^\p{Z}|\p{Z}$/u;
const SPACE_BUT_ONE = /[^\P{Z} ]| {2}/u;

/**
 * Folds a login, so that neither case nor width nor the way an accent was typed tells two logins apart: NFKC, lower case, upper case, lower
 * case, NFKC again. Going through upper case joins what lower case alone leaves apart (`ß` and `ss`, `ς` and `σ`), and lower case before it
 * the capital `ẞ`, which has no other upper case.
 *
 * @param login - any text
 */
export function foldLogin(login: string): string {
  return login.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
}

/**
 * Judges a login: 1 to 256 characters, no control or invisible ones, no spaces but single ones inside.
 *
 * @param login - as it was given
 * @returns the login and its folded form, or what is wrong with it
 */
export function parseLoginName(login: string): LoginName | { readonly fault: string } {
  if (login.length === 0) return { fault: 'must not be empty' };
  if (login.length > LONGEST) return { fault: `must have at most ${LONGEST} characters, not ${login.length}` };
  const composed = login.normalize('NFKC');
  if (OTHER.test(login) || OTHER.test(composed)) {
    return { fault: 'must not hold control, invisible, unassigned or malformed characters' };
  }
  if (SPACE_AT_AN_END.test(composed)) return { fault: 'must not begin or end with a space' };
  if (SPACE_BUT_ONE.test(composed)) return { fault: 'must not hold other spaces than single ones' };
  const loginKey = foldLogin(login);
  // One character may fold to eighteen.
  if ((storableLength(loginKey) ?? Number.POSITIVE_INFINITY) > STORAGE_LIMITS.indexedStringBytes) {
    return { fault: `must fold to at most ${STORAGE_LIMITS.indexedStringBytes} bytes` };
  }
  return { login, loginKey };
}
