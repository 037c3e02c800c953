const LENGTH = 8;
const DIGIT_BITS = 7;
const HALF = 2 ** 28;

/**
 * Writes a safe integer as eight characters whose order by bytes is the order of the integers: 54 bits, biased so that
 * negatives come first, seven in each character. Plain ASCII, so that members of an index stay text for every client.
 */
export function orderText(order: number): string {
  // Two halves: the bias would carry the sum past the safe integers.
  const high = Math.floor(order / HALF) + 2 ** 25;
  const low = order - Math.floor(order / HALF) * HALF;
  return digits(high) + digits(low);
}

function digits(half: number): string {
  return String.fromCharCode(half >>> 21, (half >>> 14) & 127, (half >>> 7) & 127, half & 127);
}

/** Reads the order back from the first eight characters of an index member. */
export function orderOf(member: string): number {
  return (half(member, 0) - 2 ** 25) * HALF + half(member, LENGTH / 2);
}

/** The id in an index member. */
export function idOf(member: string): string {
  return member.slice(LENGTH);
}

function half(member: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + LENGTH / 2; at++) value = value * 2 ** DIGIT_BITS + member.charCodeAt(at);
  return value;
}
