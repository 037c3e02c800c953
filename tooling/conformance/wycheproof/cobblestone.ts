import { createHash, webcrypto } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { ChanceryError, nodeCrypto } from '../../../packages/core/src/index.ts';
import { committedMessage } from '../../../packages/core/src/vault/format/cobblestone/message-key.ts';
import { MessageReader } from '../../../packages/core/src/vault/format/cobblestone/message-reader.ts';
import { openMessageStream } from '../../../packages/core/src/vault/format/cobblestone/open-message-stream.ts';
import type { VaultPrimitives } from '../../../packages/core/src/vault/format/primitives.ts';
import { bytesSource } from '../../../packages/core/src/vault/format/record-source.ts';
import { ByteReader } from '../../../packages/core/src/vault/format/streams/byte-reader.ts';
import { webCryptoPrimitives } from '../../../packages/core/src/vault/format/web-crypto-primitives.ts';
import type { Judge } from './run.ts';
import { hexOf, type Vector } from './suite.ts';

const SETTINGS: readonly (readonly [string, VaultPrimitives])[] = [
  ['node', nodeCrypto()],
  ['webcrypto', webCryptoPrimitives(webcrypto)],
];

/** C2SP chunked encryption, Cobblestone-256: whole, from its end, and as it comes, by Node's and by a browser's crypto. */
export const judgeCobblestone: Judge = async (_, vector) => {
  for (const [name, primitives] of SETTINGS) {
    const fault =
      (await judgeWhole(primitives, vector)) ??
      (await judgeFinalChunk(primitives, vector)) ??
      (await judgeStream(primitives, vector));
    if (fault !== undefined) return `${name}: ${fault}`;
  }
  return undefined;
};

async function judgeWhole(primitives: VaultPrimitives, vector: Vector): Promise<string | undefined> {
  const message = await refusedOr(async () => (await readerOf(primitives, vector)).all());
  if (vector.result === 'invalid') return message === undefined ? undefined : 'opened whole';
  if (message === undefined) return 'not opened whole';
  return describes(vector, message) ? undefined : 'another message';
}

async function judgeFinalChunk(primitives: VaultPrimitives, vector: Vector): Promise<string | undefined> {
  const opens = (await refusedOr(async () => (await readerOf(primitives, vector)).final())) !== undefined;
  const may = vector.result === 'valid' || vector.flags?.includes('ValidFinalChunk') === true;
  return opens === may ? undefined : `the final chunk ${opens ? 'opens' : 'does not open'}`;
}

async function judgeStream(primitives: VaultPrimitives, vector: Vector): Promise<string | undefined> {
  const given: Uint8Array[] = [];
  const ended = await refusedOr(async () => {
    const sealed = ciphertextOf(vector);
    const cipher = await cipherOf(primitives, vector, sealed);
    const chunks = openMessageStream(cipher, new ByteReader([sealed.subarray(56)]));
    let next = await chunks.next();
    for (; !next.done; next = await chunks.next()) given.push(next.value);
    given.push(next.value);
    return true;
  });
  if ((ended === true) !== (vector.result === 'valid')) return `streamed ${ended ? 'to its end' : 'not to its end'}`;
  const prefix = Buffer.concat(given);
  const isKnown = vector.msgLength !== undefined ? describes(vector, prefix) : prefix.length === 0;
  return isKnown ? undefined : `streamed ${prefix.length} bytes, which are not those expected`;
}

async function cipherOf(primitives: VaultPrimitives, vector: Vector, sealed: Uint8Array) {
  const cipher = await committedMessage(primitives, hexOf(vector, 'key'), hexOf(vector, 'ctx'), sealed);
  if (cipher === undefined) throw new ChanceryError('SEAL_OPEN_FAILED', 'the commitment is to another key');
  if (vector.flags?.includes('HeaderFailure')) throw new Error('the header was not refused');
  return cipher;
}

async function readerOf(primitives: VaultPrimitives, vector: Vector): Promise<MessageReader> {
  const sealed = ciphertextOf(vector);
  return new MessageReader(await cipherOf(primitives, vector, sealed), bytesSource(sealed), 0);
}

function ciphertextOf(vector: Vector): Uint8Array {
  return new Uint8Array(inflateSync(hexOf(vector, 'ct')));
}

function describes(vector: Vector, message: Uint8Array): boolean {
  const digest = createHash('sha512').update(message).digest('hex');
  return message.length === vector.msgLength && digest === vector.msgSha512;
}

/** What came of it, or undefined when the SDK refused. Any other error is a defect. */
async function refusedOr<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChanceryError) return undefined;
    throw error;
  }
}
