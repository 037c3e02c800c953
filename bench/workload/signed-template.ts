import { type KeyObject, sign } from 'node:crypto';

/** Finds the bytes that differ from one document to the next. */
export interface Patch {
  readonly find: Uint8Array;
  readonly replace: Uint8Array;
}

/**
 * Varies a signed structure (CSR or certificate: body, algorithm, signature) without the help of any contestant: replaces
 * byte strings by others of the same length wherever they occur in the body, and signs it again.
 *
 * @param der A document as the openssl command made it.
 * @param key Signs with ECDSA and SHA-256, the algorithm that the document names.
 * @throws {Error} when a patch finds nothing, or changes the length
 */
export function varied(der: Uint8Array, patches: readonly Patch[], key: KeyObject): Buffer<ArrayBuffer> {
  const template = signedParts(der);
  const tbs = Buffer.from(template.body);
  for (const { find, replace } of patches) {
    if (find.length !== replace.length) throw new Error('a patch must keep the length');
    let at = tbs.indexOf(find);
    if (at < 0) throw new Error(`nothing to patch: ${Buffer.from(find).toString('hex')}`);
    for (; at >= 0; at = tbs.indexOf(find, at + find.length)) tbs.set(replace, at);
  }
  const signature = sign('sha256', tbs, key);
  const bits = wrap(0x03, Buffer.concat([Uint8Array.of(0), signature]));
  return wrap(0x30, Buffer.concat([tbs, template.algorithm, bits]));
}

/** Takes a signed structure apart: what was signed, the algorithm's identifier, the signature without its wrapping. */
export function signedParts(der: Uint8Array): { body: Uint8Array; algorithm: Uint8Array; signature: Uint8Array } {
  const { start } = element(der, 0);
  const body = element(der, start);
  const algorithm = element(der, body.end);
  const bits = element(der, algorithm.end);
  return {
    body: der.subarray(start, body.end),
    algorithm: der.subarray(body.end, algorithm.end),
    // One octet counts the unused bits.
    signature: der.subarray(bits.start + 1, bits.end),
  };
}

/** The extent of the DER element at an offset, of at most 64 KiB. */
function element(der: Uint8Array, offset: number): { start: number; end: number } {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.length);
  const first = bytes.readUInt8(offset + 1);
  if (first < 0x80) return { start: offset + 2, end: offset + 2 + first };
  const octets = first & 0x7f;
  const start = offset + 2 + octets;
  return { start, end: start + bytes.readUIntBE(offset + 2, octets) };
}

function wrap(tag: number, content: Uint8Array): Buffer<ArrayBuffer> {
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(header), content]);
}
