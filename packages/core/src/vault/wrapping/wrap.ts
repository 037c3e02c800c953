import { z } from 'zod';
import { toBase64Url } from '../../encoding/base64.ts';
import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { wraps } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import type { RecordKey } from '../format/envelope.ts';
import { formatKey, parseKey } from '../format/key-text.ts';
import { openRecord } from '../format/open-record.ts';
import { sealRecord } from '../format/seal-record.ts';
import { givenSignal, parseOptions } from '../options.ts';
import { vaultEvent } from '../vault-event.ts';

const KEY_LENGTH = 32;
const MOST_BYTES = 512 * 1024;
const DEFAULT_TTL_MS = 300_000;
const MOST_TTL_MS = 30 * 86_400_000;
/** For so long a second unwrapping is noticed. */
const REMEMBERED_MS = 30 * 86_400_000;
const ID_INFO = utf8('chancery vault wrap id 1');
const KEY_INFO = utf8('chancery vault wrap key 1');

/** What to hand over once. */
export interface WrapOptions extends Abortable {
  /** At most 512 KiB. Text is stored in UTF-8. */
  readonly data: string | Uint8Array;
  /** How long it can be unwrapped, in milliseconds: up to 30 days, 5 minutes by default. */
  readonly ttlMs?: number;
  /** 1 to 255 printable ASCII characters. */
  readonly contentType?: string;
}

/** What stands for data that can be had once. */
export interface WrappedData {
  /** A secret: whoever has it first has the data. */
  readonly token: string;
  /** A hash of the token, as events name it. */
  readonly wrapId: string;
  readonly expiresAt: Date;
}

/** Which data to unwrap. */
export interface UnwrapOptions extends Abortable {
  readonly token: string;
}

/** Data that was handed over. */
export interface UnwrappedData {
  readonly data: Uint8Array;
  readonly contentType?: string;
  readonly wrapId: string;
}

const wrapOptions = z.strictObject({
  data: z.custom<string | Uint8Array>(
    (value) => typeof value === 'string' || isBytes(value),
    'expected a string or bytes',
  ),
  ttlMs: z.number().int().min(1).max(MOST_TTL_MS).default(DEFAULT_TTL_MS),
  contentType: z.string().optional(),
  signal: abortSignal,
});
const unwrapOptions = z.strictObject({ token: z.string(), signal: abortSignal });

/** Puts data away to be handed over once. See `RecordVault.wrap`. */
export async function wrap(context: VaultContext, given: WrapOptions): Promise<WrappedData> {
  const options = parseOptions(wrapOptions, given, 'wrap() options');
  const { store, crypto, clock } = context;
  throwIfAborted(options.signal);
  const data = typeof options.data === 'string' ? utf8(options.data) : options.data;
  if (data.length > MOST_BYTES) {
    const message = `data has ${data.length} bytes; at most ${MOST_BYTES} can be wrapped`;
    throw new InvalidInputError('INVALID_ARGUMENT', message, { issues: [{ path: ['data'], message }] });
  }
  const secret = crypto.randomBytes(KEY_LENGTH);
  const { id, ...record } = await keyOf(context, secret);
  const { contentType } = options;
  const sealing = contentType === undefined ? record : { ...record, contentType };
  const bytes = await sealRecord(crypto, sealing, data);
  const token = formatKey(secret);
  secret.fill(0);
  record.key.fill(0);
  const now = clock.now();
  const expiresAt = now + options.ttlMs;
  await store.transact(async (transaction) => {
    transaction.put(wraps, id, { createdAt: now, repeats: 0 }, { ifVersion: null, bytes, expiresAt });
  }, givenSignal(options));
  return { token, wrapId: id, expiresAt: new Date(expiresAt) };
}

/** Hands data over, once. See `RecordVault.unwrap`. */
export async function unwrap(context: VaultContext, given: UnwrapOptions): Promise<UnwrappedData> {
  const options = parseOptions(unwrapOptions, given, 'unwrap() options');
  const { store, crypto, clock, logger } = context;
  throwIfAborted(options.signal);
  const secret = parseKey(options.token);
  const { id, ...record } = await keyOf(context, secret);
  secret.fill(0);
  const taken = store.transact(async (transaction) => {
    const entry = await transaction.get(wraps, id);
    if (entry === undefined) return 'absent';
    const now = clock.now();
    const { value, bytes } = entry;
    if (value.unwrappedAt !== undefined || bytes === undefined) {
      const moved = { ...value, repeats: value.repeats + 1 };
      transaction.put(wraps, id, moved, { expiresAt: now + REMEMBERED_MS });
      const data = { unwrappedAt: new Date(value.unwrappedAt ?? now).toISOString() };
      const event = { type: 'wrap.unwrapped_again', subject: id, revision: moved.repeats, data };
      for (const write of vaultEvent(context, event)) transaction.add(write);
      return 'again';
    }
    // What was tampered with is not taken for handed over.
    const opened = await openRecord(crypto, record, bytes);
    const data = await opened.bytes();
    const { contentType } = await opened.info();
    transaction.put(wraps, id, { ...value, unwrappedAt: now }, { expiresAt: now + REMEMBERED_MS });
    return { data, wrapId: id, ...(contentType === undefined ? {} : { contentType }) };
  }, givenSignal(options));
  const outcome = await taken.finally(() => record.key.fill(0));
  if (outcome === 'absent') {
    throw new NotFoundError('WRAP_NOT_FOUND', `Nothing is wrapped under the token of '${id}', or it has expired`, {
      facts: { wrap: id },
    });
  }
  if (outcome === 'again') {
    logger?.warn('A wrapped response was asked for after it had been handed over', { wrap: id });
    throw new ConflictError('WRAP_ALREADY_UNWRAPPED', `What was wrapped as '${id}' was handed over before`, {
      facts: { wrap: id },
    });
  }
  return outcome;
}

/** The id that data is filed under, and the key that seals it: neither leads to the other, nor back to the token. */
async function keyOf(
  { store, crypto }: VaultContext,
  secret: Uint8Array,
): Promise<RecordKey & { readonly id: string }> {
  const id = toBase64Url(await derive(crypto, secret, ID_INFO));
  const key = await derive(crypto, secret, KEY_INFO);
  const place = { namespace: store.namespace, owner: 'wrap', record: id, version: 1, keyMode: 'user' } as const;
  return { id, key, place };
}

function derive(crypto: CryptoProvider, secret: Uint8Array, info: Uint8Array): Uint8Array | Promise<Uint8Array> {
  return crypto.hkdf('SHA-256', secret, new Uint8Array(), info, KEY_LENGTH);
}
