import { StorageError } from '@chancery/core/ports';
import type { CommandWord, RedisConnection, RedisDriver } from './client/connection.ts';
import { within } from './client/settle.ts';
import {
  type Effect,
  isErrorReply,
  isNoScript,
  isRefusedWrite,
  isWrongType,
  storageError,
  unavailable,
  unreachable,
} from './errors.ts';
import { missingKey, probeKey, schemaKey } from './keys.ts';
import { answerOf, listOf, pairValue, type Reply, type ScriptAnswer } from './reply.ts';
import { CLAIM } from './scripts/claim.ts';
import { COMMIT } from './scripts/commit.ts';
import { GET } from './scripts/get.ts';
import { INSPECT } from './scripts/inspect.ts';
import { COUNT, QUERY } from './scripts/query.ts';
import { CHANGE_SCHEMA, FILL, READ_SCHEMA, SCAN, UNFILL } from './scripts/schema.ts';
import { SWEEP } from './scripts/sweep.ts';
import { THROTTLE } from './scripts/throttle.ts';
import { type InspectedServer, judgeServer, type ServerExpectation } from './server.ts';

const SCRIPTS = {
  claim: CLAIM,
  commit: COMMIT,
  count: COUNT,
  changeSchema: CHANGE_SCHEMA,
  fill: FILL,
  get: GET,
  query: QUERY,
  readSchema: READ_SCHEMA,
  scan: SCAN,
  sweep: SWEEP,
  throttle: THROTTLE,
  unfill: UNFILL,
};

/** The scripts of the storage, by what they do. */
export type ScriptName = keyof typeof SCRIPTS;

export interface SessionOptions {
  readonly driver: RedisDriver;
  readonly namespace: string;
  readonly expected: ServerExpectation;
  /** How long to wait for a connection, and for an answer. */
  readonly timeoutMs: number;
  /** How many replicas must have a write before it counts, and how long that may take. */
  readonly waitReplicas: { readonly count: number; readonly timeoutMs: number } | undefined;
}

/** Runs scripts on a connection of its own. Nothing that may have landed is ever sent twice. */
export class Session {
  readonly #options: SessionOptions;
  readonly #key: string;
  /** The keys that a script names, with their count before them. */
  readonly #keyWords: readonly string[];
  #connection: RedisConnection | undefined;
  #inspected: Promise<InspectedServer> | undefined;
  #digests: ReadonlyMap<ScriptName, string> | undefined;
  #claims = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#key = schemaKey(options.namespace);
    // While a cluster moves a slot, its node takes a key that has left for one that never was. A second key that is sure to be
    // missing makes the cluster refuse the script (TRYAGAIN) until the move is done.
    this.#keyWords = options.driver.cluster ? ['2', this.#key, missingKey(options.namespace)] : ['1', this.#key];
  }

  /**
   * Runs a script.
   *
   * @throws {StorageError} STORAGE_UNAVAILABLE, STORAGE_CORRUPT, STORAGE_UNSAFE_CONFIG
   */
  async run(script: ScriptName, effect: Effect, words: readonly CommandWord[]): Promise<ScriptAnswer> {
    const connection = await this.#ready();
    if (this.#digests === undefined) await this.#inspect();
    const digest = this.#digests?.get(script) ?? '';
    try {
      return await this.#runOnce(connection, effect, ['EVALSHA', digest, ...this.#keyWords, ...words]);
    } catch (error) {
      // The server has not run what it does not have. It keeps the script from the next one on.
      if (!(error instanceof StorageError) || !isNoScript(error.cause)) throw error;
      return this.#runOnce(connection, effect, ['EVAL', SCRIPTS[script], ...this.#keyWords, ...words]);
    }
  }

  /**
   * Reads fields of a hash; `undefined` where the key holds no hash.
   *
   * @throws {StorageError} STORAGE_UNAVAILABLE
   */
  async readHash(key: string, fields: readonly string[]): Promise<readonly Reply[] | undefined> {
    const connection = await this.#ready();
    try {
      return listOf(await this.#send(connection, 'reads', ['HMGET', key, ...fields]));
    } catch (error) {
      if (error instanceof StorageError && isWrongType(error.cause)) return undefined;
      throw error;
    }
  }

  /**
   * Looks at the server again.
   *
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG, STORAGE_UNAVAILABLE
   */
  async check(): Promise<void> {
    await this.#ready();
    this.#inspected = undefined;
    await this.#inspect();
  }

  /**
   * Writes something that is of no account, to see whether the server takes writes.
   *
   * @throws {StorageError} STORAGE_UNAVAILABLE: it does not answer, or asks for a password
   */
  async isWritable(): Promise<boolean> {
    const connection = await this.#ready();
    try {
      await this.#send(connection, 'reads', ['SET', probeKey(this.#options.namespace), '1', 'PX', '1000']);
      return true;
    } catch (error) {
      if (error instanceof StorageError && isRefusedWrite(error.cause)) return false;
      throw error;
    }
  }

  /** The beginning of versions that nobody else gives. */
  async freshVersion(): Promise<string> {
    await this.#ready();
    const { token } = await this.#inspect();
    this.#claims += 1;
    return `${token}-${this.#claims.toString(36)}`;
  }

  /** Lets go of the connection. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  #ready(): RedisConnection | Promise<RedisConnection> {
    this.#connection ??= this.#options.driver.connect();
    return this.#connection.isReady() ? this.#connection : this.#connect(this.#connection);
  }

  async #connect(connection: RedisConnection): Promise<RedisConnection> {
    const timeout = new AbortController();
    const { timeoutMs } = this.#options;
    const timer = setTimeout(() => timeout.abort(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    try {
      await connection.whenReady(timeout.signal);
    } catch (error) {
      throw unreachable(error);
    } finally {
      clearTimeout(timer);
    }
    return connection;
  }

  #inspect(): Promise<InspectedServer> {
    this.#inspected ??= this.#askServer().catch((error) => {
      this.#inspected = undefined;
      throw error;
    });
    return this.#inspected;
  }

  async #askServer(): Promise<InspectedServer> {
    const connection = await this.#ready();
    const texts = Object.values(SCRIPTS);
    const words = ['EVAL', INSPECT, ...this.#keyWords, '', String(texts.length), ...texts];
    const reply = await this.#send(connection, 'reads', words);
    const { expected } = this.#options;
    const server = judgeServer(reply, expected, expected.durability === 'durable' ? await this.#fsync(connection) : '');
    this.#digests = new Map(
      (Object.keys(SCRIPTS) as ScriptName[]).map((name, at) => [name, server.digests[at] as string]),
    );
    return server;
  }

  /** When the append-only file is synced. A script may not ask, and many a host may not either: then it is not known. */
  async #fsync(connection: RedisConnection): Promise<string> {
    try {
      return pairValue(await this.#send(connection, 'reads', ['CONFIG', 'GET', 'appendfsync']));
    } catch (error) {
      if (error instanceof StorageError && isErrorReply(error.cause)) return '';
      throw error;
    }
  }

  async #runOnce(connection: RedisConnection, effect: Effect, words: readonly CommandWord[]): Promise<ScriptAnswer> {
    const { waitReplicas } = this.#options;
    const running = this.#send(connection, effect, words);
    if (waitReplicas === undefined || effect === 'reads') return answerOf(await running);
    // Sent at once behind it, so that it is the same connection whose writes are waited for.
    const { count, timeoutMs } = waitReplicas;
    const waiting = this.#send(connection, effect, ['WAIT', String(count), String(timeoutMs)]);
    const [reply, acknowledged] = await Promise.all([running, waiting]);
    const answer = answerOf(reply);
    if (answer.outcome === 'ok' && Number(acknowledged) < count) {
      const message = `${Number(acknowledged)} of ${count} replicas acknowledged the write within ${timeoutMs} ms`;
      throw unavailable(message, {
        retryable: true,
        outcome: 'unknown',
        facts: { acknowledged: Number(acknowledged) },
      });
    }
    return answer;
  }

  async #send(connection: RedisConnection, effect: Effect, words: readonly CommandWord[]): Promise<Reply> {
    const { timeoutMs } = this.#options;
    const late = () => new Error(`no answer within ${timeoutMs} ms`);
    try {
      return await within(connection.send(this.#key, words), timeoutMs, late);
    } catch (error) {
      throw storageError(error, effect);
    }
  }
}
