/** The UTF-8 length of a storable text; `undefined` for one with NUL or a lone surrogate, which some databases cannot hold. */
export function storableLength(text: string): number | undefined {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      if (unit === 0) return undefined;
    } else if (unit < 0x800) {
      length += 1;
    } else if (unit < 0xd800 || unit > 0xdfff) {
      length += 2;
    } else {
      const next = text.charCodeAt(at + 1);
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return undefined;
      length += 2;
      at += 1;
    }
  }
  return length;
}

/**
 * Compares two well-formed texts by their UTF-8 bytes, the order of ids in every index.
 *
 * @returns negative, zero or positive
 */
export function compareUtf8(left: string, right: string): number {
  if (left === right) return 0;
  const shorter = Math.min(left.length, right.length);
  for (let at = 0; at < shorter; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** UTF-16 puts surrogates, which stand for U+10000 and above, before U+E000 to U+FFFF; UTF-8 puts them after. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
