const counts = new Intl.NumberFormat('en-US');

/** `1 certificate`, `12,000 certificates`. */
export function count(number, noun) {
  return `${counts.format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** A number with separators. */
export const figure = (number) => counts.format(number);

/** Hex in groups of two bytes, so that two can be compared by eye. */
export function hexGroups(hex) {
  return hex.match(/.{1,4}/g)?.join(' ') ?? '';
}

/** A number of bytes, for people. */
export function byteCount(bytes) {
  if (bytes < 1_024) return count(bytes, 'byte');
  const [size, unit] = bytes < 1_048_576 ? [bytes / 1_024, 'KiB'] : [bytes / 1_048_576, 'MiB'];
  return `${size.toFixed(1)} ${unit}`;
}

/** What a certificate is called: by its name, or by what it is for. */
export function certificateTitle({ name, subjectAltNames, id }) {
  return name ?? subjectAltNames?.[0] ?? id;
}

/** The names of a certificate on one line, as far as they fit. */
export function namesLine(names, limit = 3) {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
