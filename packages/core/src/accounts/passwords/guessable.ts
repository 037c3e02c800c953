import { COMMON_PASSWORDS, SEQUENCES } from './common-passwords.ts';

const LONGEST_UNIT = 6;
const DECORATION = /^[\d\p{P}\p{S}\s]+|[\d\p{P}\p{S}\s]+$/gu;
const RUN = 4;

/**
 * Tells whether a password is among the first that anybody would try: a common one, with or without digits and signs around it, a common
 * one twice, a short piece again and again, or steps along the keyboard, the alphabet and the digits.
 *
 * @param password - normalized text
 */
export function isGuessable(password: string): boolean {
  const folded = password.toLowerCase();
  const bare = folded.replace(DECORATION, '');
  return [folded, bare].some((text) => isCommon(text) || isRepeated(text)) || isMadeOfRuns(folded);
}

function isCommon(text: string): boolean {
  if (COMMON_PASSWORDS.has(text)) return true;
  const half = text.length / 2;
  return text.length % 2 === 0 && text.slice(0, half) === text.slice(half) && COMMON_PASSWORDS.has(text.slice(half));
}

/** Whether it is one unit of at most six characters over and over, the last one perhaps cut short. */
function isRepeated(text: string): boolean {
  const longest = Math.min(LONGEST_UNIT, Math.floor(text.length / 2));
  for (let unit = 1; unit <= longest; unit++) {
    if (text.slice(unit) === text.slice(0, text.length - unit)) return true;
  }
  return false;
}

/** Whether it falls into stretches of four or more characters that each follow a sequence. */
function isMadeOfRuns(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const length = longestRun(text.slice(at));
    if (length < RUN) return false;
    at += length;
  }
  return true;
}

function longestRun(text: string): number {
  return Math.max(...SEQUENCES.map((sequence) => Math.max(follows(text, sequence), follows(text, reversed(sequence)))));
}

function follows(text: string, sequence: string): number {
  const start = sequence.indexOf(text.slice(0, RUN));
  if (start < 0 || text.length < RUN) return 0;
  let length = RUN;
  while (length < text.length && text[length] === sequence[(start + length) % sequence.length]) length += 1;
  return length;
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
