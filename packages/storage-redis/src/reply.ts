import { Buffer } from 'node:buffer';
import { StorageError } from '@chancery/core/ports';
import { foreignData } from './errors.ts';

/** A part of a reply. Strings come as bytes. */
export type Reply = unknown;

/**
 * Reads a string of a reply.
 *
 * @throws {StorageError} STORAGE_CORRUPT: it is none
 */
export function textOf(reply: Reply): string {
  if (Buffer.isBuffer(reply)) return reply.toString('utf8');
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'number') return String(reply);
  throw unexpected();
}

/** Reads a string that may be missing. */
export function optionalText(reply: Reply): string | undefined {
  return reply === null || reply === undefined ? undefined : textOf(reply);
}

/** Reads an integer, which scripts give as text since Lua's numbers lose digits when written. */
export function integerOf(reply: Reply): number {
  const value = typeof reply === 'number' ? reply : Number(textOf(reply));
  if (!Number.isSafeInteger(value)) throw unexpected();
  return value;
}

/** Reads a list. */
export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected();
}

/** Reads the value of a reply that holds one name and one value, which clients give as a list, a map or an object. */
export function pairValue(reply: Reply): string {
  if (Array.isArray(reply)) return optionalText(reply[1]) ?? '';
  const values = reply instanceof Map ? [...reply.values()] : Object.values((reply ?? {}) as object);
  return optionalText(values[0]) ?? '';
}

/** A script's answer: a word that says what happened, and what goes with it. */
export interface ScriptAnswer {
  readonly outcome: string;
  readonly rest: readonly Reply[];
}

/**
 * Reads a script's answer.
 *
 * @throws {StorageError} STORAGE_CORRUPT: a key holds what is not of this storage
 */
export function answerOf(reply: Reply): ScriptAnswer {
  const [outcome, ...rest] = listOf(reply);
  const word = textOf(outcome);
  if (word === 'foreign') throw foreignData(textOf(rest[0]), textOf(rest[1]));
  return { outcome: word, rest };
}

function unexpected(): StorageError {
  return new StorageError('STORAGE_CORRUPT', 'a script of this storage gave an answer of an unknown form');
}
