import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { concatBytes, utf8 } from '../../encoding/bytes.ts';
import { fromHex, toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, PrivateKey, PublicKey } from '../../ports/crypto.ts';

const ED25519 = 0x01;
const KEY_LENGTH = 32;
const KEY_ID_LENGTH = 4;
// SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 section 4).
const SPKI_PREFIX = fromHex('302a300506032b6570032100');
const MAX_NOTE_LENGTH = 64 * 1024;
// No white space and no plus sign, which parts the fields of a verifier key.
const KEY_NAME = /^[^\s+\p{Cc}]{1,255}$/u;
const SIGNATURE_LINE = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/;

/** The public half of a key that signs notes. */
export interface NoteVerifier {
  readonly name: string;
  /** Four bytes in hex. */
  readonly keyId: string;
  readonly publicKey: PublicKey;
}

/** A key that signs notes (C2SP signed-note), Ed25519. */
export interface NoteSigner extends NoteVerifier {
  readonly privateKey: PrivateKey;
}

/**
 * Names a key by C2SP signed-note: the first four bytes of SHA-256(name || 0x0A || 0x01 || public key).
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: the name is empty, or holds white space or a plus sign
 */
export async function noteVerifier(crypto: CryptoProvider, name: string, publicKey: PublicKey): Promise<NoteVerifier> {
  requireKeyName(name);
  const digest = await crypto.digest('SHA-256', concatBytes([utf8(`${name}\n`), typedKey(publicKey)]));
  return { name, keyId: toHex(digest.subarray(0, KEY_ID_LENGTH)), publicKey };
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: not 1 to 255 characters without white space and plus sign */
export function requireKeyName(name: string): void {
  if (typeof name === 'string' && KEY_NAME.test(name)) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    'The origin of a log must be 1 to 255 characters without white space or plus sign, such as example.com/log',
  );
}

/** Writes a verifier as the one line that tools for notes take: name, key id and typed key, joined by plus signs. */
export function verifierKeyText({ name, keyId, publicKey }: NoteVerifier): string {
  return `${name}+${keyId}+${toBase64(typedKey(publicKey))}`;
}

/**
 * Reads what `verifierKeyText` writes.
 *
 * @throws {InvalidInputError} VERIFIER_KEY_INVALID: malformed, of another algorithm, or its id is not that of its key
 */
export async function parseVerifierKey(crypto: CryptoProvider, text: string): Promise<NoteVerifier> {
  const [, name = '', keyId, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(String(text)) ?? [];
  let verifier: NoteVerifier | undefined;
  try {
    const [type, ...key] = fromBase64(encoded);
    if (type === ED25519 && key.length === KEY_LENGTH) {
      const publicKey = await crypto.importPublicKey(concatBytes([SPKI_PREFIX, Uint8Array.from(key)]));
      verifier = await noteVerifier(crypto, name, publicKey);
    }
  } catch (cause) {
    throw verifierKeyInvalid(cause);
  }
  if (verifier === undefined || verifier.keyId !== keyId) throw verifierKeyInvalid();
  return verifier;
}

/**
 * Signs a text.
 *
 * @param text - ends with a newline
 * @returns the note
 */
export async function signNote(crypto: CryptoProvider, text: string, signer: NoteSigner): Promise<string> {
  const signature = await crypto.sign(signer.privateKey, 'Ed25519', utf8(text));
  return `${text}\n\u2014 ${signer.name} ${toBase64(concatBytes([fromHex(signer.keyId), signature]))}\n`;
}

/**
 * Opens a note: checks the signatures of known keys, and passes over those of unknown ones.
 *
 * @param verifiers - the known keys
 * @returns the text
 * @throws {InvalidInputError} CHECKPOINT_INVALID: not a note, no signature of a known key, or one that does not fit
 */
export async function openNote(
  crypto: CryptoProvider,
  note: string,
  verifiers: readonly NoteVerifier[],
): Promise<string> {
  const { text, signatures } = parseNote(note);
  let verified = false;
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.keyId === keyId);
    if (verifier === undefined) continue;
    if (!(await crypto.verify(verifier.publicKey, 'Ed25519', utf8(text), signature))) {
      throw noteInvalid(`the signature of ${name} does not fit`);
    }
    verified = true;
  }
  if (!verified) throw noteInvalid('no known key has signed it');
  return text;
}

interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

function parseNote(note: string): { readonly text: string; readonly signatures: readonly NoteSignature[] } {
  if (typeof note !== 'string' || note.length > MAX_NOTE_LENGTH) throw noteInvalid('it is no text of a sane length');
  const gap = note.lastIndexOf('\n\n');
  if (gap < 0 || !note.endsWith('\n')) throw noteInvalid('it has no signatures');
  const lines = note.slice(gap + 2, -1).split('\n');
  return { text: note.slice(0, gap + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || encoded === undefined) throw noteInvalid('a line of a signature is malformed');
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(encoded);
  } catch (cause) {
    throw noteInvalid('a signature is not base64', cause);
  }
  return { name, keyId: toHex(bytes.subarray(0, KEY_ID_LENGTH)), signature: bytes.subarray(KEY_ID_LENGTH) };
}

function typedKey({ spki }: PublicKey): Uint8Array {
  return concatBytes([Uint8Array.of(ED25519), spki.subarray(-KEY_LENGTH)]);
}

/** Makes the error for what is no checkpoint of the log. */
export function noteInvalid(problem: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('CHECKPOINT_INVALID', `The checkpoint is refused: ${problem}`, { cause });
}

function verifierKeyInvalid(cause?: unknown): InvalidInputError {
  const message = 'The verifier key is not name+id+key of an Ed25519 key, or its id does not fit';
  return new InvalidInputError('VERIFIER_KEY_INVALID', message, { cause });
}
