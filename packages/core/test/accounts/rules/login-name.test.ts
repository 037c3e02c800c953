import { describe, expect, it } from 'vitest';
import { foldLogin, parseLoginName } from '../../../src/accounts/accounts/login-name.ts';

const keyOf = (login: string) => {
  const parsed = parseLoginName(login);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed.loginKey;
};
const faultOf = (login: string) => {
  const parsed = parseLoginName(login);
  return 'fault' in parsed ? parsed.fault : undefined;
};

describe('logins that are one', () => {
  it.each([
    ['Ann@Example.com', 'ann@example.COM'],
    ['STRASSE', 'straße'],
    ['STRAẞE', 'straße'],
    ['ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύς'],
    ['e\u0301mile', 'Émile'],
    ['Ａｎｎ', 'ann'],
    ['\ufb01nn', 'FINN'],
    ['\u2126', 'ω'],
    ['K\u00e5re', '\u212a\u212bre'],
  ])('%s and %s', (one, other) => expect(keyOf(one)).toBe(keyOf(other)));
});

describe('logins that are two', () => {
  it.each([
    ['ann', 'anna'],
    ['ann', 'änn'],
    ['ann', 'аnn'],
    ['a b', 'ab'],
    ['i', 'ì'],
  ])('%s and %s', (one, other) => expect(keyOf(one)).not.toBe(keyOf(other)));
});

describe('texts that are no login', () => {
  it.each([
    ['empty', '', /empty/],
    ['a lone surrogate', 'ann\ud800', /malformed/],
    ['NUL', 'ann\0', /control/],
    ['a newline', 'ann\n', /control/],
    ['a zero width joiner', 'a\u200dnn', /invisible/],
    ['a soft hyphen', 'an\u00adn', /invisible/],
    ['an override of direction', 'ann\u202e', /invisible/],
    ['a selector of a variant', 'ann\ufe0f', /invisible/],
    ['a joiner of graphemes', 'ann\u034f', /invisible/],
    ['a Hangul filler', 'ann\u3164', /invisible/],
    ['the blank of Braille', 'ann\u2800', /invisible/],
    ['private use', 'ann\ue000', /malformed/],
    ['unassigned', 'ann\u0378', /unassigned/],
    ['a space in front', ' ann', /space/],
    ['a wide space behind', 'ann\u3000', /space/],
    ['two spaces', 'ann  lee', /single/],
    ['a mark that stands alone when composed', '\u00a8ann', /space/],
    ['a line separator', 'ann\u2028lee', /single/],
    ['257 characters', 'a'.repeat(257), /256/],
    ['characters that fold to eighteen each', '\ufdfa'.repeat(100), /512|single/],
  ])('%s', (_, login, fault) => expect(faultOf(login)).toMatch(fault));

  it('256 characters of four bytes are too many, and of two they are not', () => {
    expect(faultOf('\u{1f600}'.repeat(129))).toMatch(/256/);
    expect(faultOf('é'.repeat(256))).toBeUndefined();
    expect(faultOf('ࠀ'.repeat(256))).toMatch(/512/);
  });
});

describe('folding', () => {
  it('is idempotent for every assigned character, alone and between letters', () => {
    const unstable: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      if (/\p{C}/u.test(character)) continue;
      for (const text of [character, `a${character}b`]) {
        const once = foldLogin(text);
        if (foldLogin(once) !== once) unstable.push(point.toString(16));
      }
    }
    expect(unstable).toEqual([]);
  });
});
