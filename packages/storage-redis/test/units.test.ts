import { SeededRandom } from '@chancery/core/testing';
import { RedisStorage } from '@chancery/storage-redis';
import { describe, expect, it } from 'vitest';
import { storageError } from '../src/errors.ts';
import { idOf, orderOf, orderText } from '../src/order-text.ts';
import { judgeServer } from '../src/server.ts';

describe('orderText', () => {
  it('is eight characters whose order is that of the integers, and reads back (seed 7)', () => {
    const random = new SeededRandom(7);
    const edges = [0, 1, -1, 127, 128, -128, 2 ** 28, -(2 ** 28), 2 ** 28 - 1, 2 ** 53 - 1, -(2 ** 53 - 1)];
    const spread = Array.from({ length: 2000 }, () => random.integer(-(2 ** 52), 2 ** 52));
    const values = [...edges, ...spread].sort((left, right) => left - right);
    const texts = values.map(orderText);
    expect(texts.toSorted()).toEqual(texts);
    expect(texts.every((text) => /^[\0-\x7f]{8}$/.test(text))).toBe(true);
    expect(values.map((value) => orderOf(`${orderText(value)}id`))).toEqual(values);
    expect(idOf(`${orderText(5)}\u{1f511}:x`)).toBe('\u{1f511}:x');
  });
});

describe('RedisStorage', () => {
  it.each([
    [undefined, 'options'],
    [{ client: {}, namespac: 'tenant' }, '"namespac"'],
    [{ client: {}, clock: 7 }, 'clock'],
  ])('refuses the options %j', (options, text) => {
    expect(() => new RedisStorage(options as never)).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining(text) }),
    );
  });
});

describe('judgeServer', () => {
  const info = (changes: Record<string, string | undefined> = {}) =>
    Object.entries({ redis_version: '6.2.0', role: 'master', maxmemory_policy: 'noeviction', ...changes })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n');
  const judge = (text: string, failed = '', denied: string[] = []) =>
    judgeServer([[text], ['digest'], 'token', failed, denied], { durability: 'async' }, '');

  it.each(['6.2.0', '7.0.15', '8.2.1', '10.0.0'])('takes version %s', (version) => {
    expect(judge(info({ redis_version: version }))).toEqual({ digests: ['digest'], token: 'token' });
  });

  it.each(['6.0.16', '5.0.14', '2.8.0', undefined, 'x'])('refuses version %s', (version) => {
    expect(() => judge(info({ redis_version: version }))).toThrow(
      expect.objectContaining({ code: 'STORAGE_UNSAFE_CONFIG', message: expect.stringContaining('6.2') }),
    );
  });

  it('refuses a server that does not tell its policy', () => {
    expect(() => judge(info({ maxmemory_policy: undefined }))).toThrow(/permit INFO/);
  });
});

describe('storageError', () => {
  it.each([
    ['OOM command not allowed when used memory > maxmemory', 'none', true],
    ['ERR Error running script (call to f_1): @user_script:9: OOM command not allowed', 'none', true],
    ["READONLY You can't write against a read only replica.", 'none', true],
    ['MISCONF Redis is configured to save RDB snapshots', 'none', true],
    ['NOREPLICAS Not enough good replicas to write.', 'none', true],
    ['CLUSTERDOWN Hash slot not served', 'none', true],
    ['LOADING Redis is loading the dataset in memory', 'none', true],
    ['BUSY Redis is busy running a script.', 'none', true],
    ['WRONGPASS invalid username-password pair', 'none', false],
    ['NOAUTH Authentication required.', 'none', false],
    ['The client is offline', 'none', true],
    ['ERR something that nobody has thought of', 'unknown', false],
    ['Socket closed unexpectedly', 'unknown', true],
    ['Reached the max retries per request limit (which is 0).', 'unknown', true],
    ['Connection is closed.', 'unknown', true],
    ['read ECONNRESET', 'unknown', true],
  ])('for a write that met "%s" says outcome %s', (message, outcome, retryable) => {
    const cause = new Error(message);
    expect(storageError(cause, 'writes')).toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome, retryable, cause });
    expect(storageError(cause, 'reads').outcome).toBe('none');
  });
});

describe('RedisStorage', () => {
  const unused = () => undefined;
  const client = { duplicate: unused, callBuffer: unused, status: 'wait', quit: unused, isCluster: false };

  it.each([undefined, null, 'redis://127.0.0.1', {}, new Map()])('refuses the client %j', (bad) => {
    expect(() => new RedisStorage({ client: bad as never })).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining('ioredis') }),
    );
  });

  it.each([
    ['namespace', { namespace: 'Upper' }],
    ['durability', { durability: 'volatile' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['waitReplicas.count', { waitReplicas: { count: 0 } }],
    ['waitReplicas.timeoutMs', { waitReplicas: { count: 1, timeoutMs: -1 } }],
  ])('refuses a malformed option: %s', (name, options) => {
    expect(() => new RedisStorage({ client, ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining(name) }),
    );
  });

  it('refuses to wait for replicas through a cluster client', () => {
    const options = { client: { ...client, isCluster: true }, waitReplicas: { count: 1 } };
    expect(() => new RedisStorage(options)).toThrow(expect.objectContaining({ code: 'STORAGE_UNSAFE_CONFIG' }));
  });

  it('does nothing with the client before its first call', () => {
    const touched: string[] = [];
    const spied = new Proxy(client, {
      get: (target, name) => {
        touched.push(String(name));
        return Reflect.get(target, name);
      },
    });
    const storage = new RedisStorage({ client: spied });
    expect(storage.capabilities).toEqual({ durability: 'async', watch: true });
    expect(touched.filter((name) => name === 'duplicate')).toEqual([]);
  });
});
