import { StorageError } from '@chancery/core/ports';
import { storageError, unavailable } from './errors.ts';
import { listOf, type Reply, textOf } from './reply.ts';

/** The oldest server that has what the scripts use. */
const OLDEST = [6, 2] as const;

/** What the host says of its server. */
export interface ServerExpectation {
  readonly durability: 'async' | 'durable';
}

/** A server that was looked at. */
export interface InspectedServer {
  /** Digests of the scripts that were sent along, in order. */
  readonly digests: readonly string[];
  /** Given to no other instance. */
  readonly token: string;
}

/**
 * Judges what the server told of itself.
 *
 * @param fsync - its `appendfsync`; empty where it is not known
 *
 * @throws {StorageError} STORAGE_UNSAFE_CONFIG: too old; it evicts; it denies a command; it does not tell its policy; it is
 *   declared durable and is not; STORAGE_UNAVAILABLE: a replica, or out of memory
 */
export function judgeServer(reply: Reply, expected: ServerExpectation, fsync: string): InspectedServer {
  const [sections, digests, token, failed, denied] = listOf(reply);
  const info = parseInfo(listOf(sections).map(textOf).join('\n'));
  assertVersion(info);
  if (info.get('role') === 'slave') {
    throw unavailable('the Redis server is a read-only replica (READONLY)', { retryable: true });
  }
  assertKeepsEverything(info);
  if (expected.durability === 'durable') assertDurable(info, fsync);
  const commands = listOf(denied).map(textOf);
  const failure = textOf(failed);
  if (commands.length > 0) {
    const names = commands.join(', ');
    throw unsafe(`the Redis user may not run ${names}: a commit could break off half-way`, { commands: names });
  }
  if (failure !== '') throw storageError(new Error(failure), 'reads');
  return { digests: listOf(digests).map(textOf), token: textOf(token) };
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function assertVersion(info: Map<string, string>): void {
  const version = info.get('redis_version') ?? '';
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  const shown = version === '' ? 'does not tell its version: permit INFO' : `is version ${version}`;
  throw unsafe(`the Redis server ${shown}; ${OLDEST.join('.')} or later is needed`, { version });
}

function assertKeepsEverything(info: Map<string, string>): void {
  const policy = info.get('maxmemory_policy');
  if (policy === 'noeviction') return;
  const message =
    policy === undefined
      ? 'the Redis server does not tell its maxmemory-policy: permit INFO'
      : `the Redis server's maxmemory-policy is ${policy}, which drops data: set noeviction`;
  throw unsafe(message, { 'maxmemory-policy': policy ?? '' });
}

function assertDurable(info: Map<string, string>, fsync: string): void {
  const replicas = info.get('connected_slaves') ?? '0';
  if (info.get('aof_enabled') !== '1') {
    throw unsafe('durability "durable" needs appendonly yes', { appendonly: 'no' });
  }
  // A server that does not tell is taken at its host's word.
  if (fsync !== '' && fsync !== 'always') {
    throw unsafe(`durability "durable" needs appendfsync always, not ${fsync}`, { appendfsync: fsync });
  }
  if (replicas !== '0') {
    throw unsafe(
      `durability "durable" holds without replicas only, and there are ${replicas}: a failover may lose commits`,
      {
        replicas,
      },
    );
  }
}

function unsafe(message: string, facts: Record<string, string>): StorageError {
  return new StorageError('STORAGE_UNSAFE_CONFIG', message, { facts });
}
