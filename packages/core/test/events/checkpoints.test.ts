import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/node-provider.ts';
import { canonicalJson } from '../../src/events/canonical-json.ts';
import { openNote, parseVerifierKey, verifierKeyText } from '../../src/events/checkpoints/signed-note.ts';
import { LocalKeyring } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import {
  allEntries,
  commit,
  createTestLog,
  factsOf,
  recordingLogger,
  runChore,
  sequence,
  writeEvents,
} from './support.ts';

const keyring = LocalKeyring.generate();
const sha256 = (...parts: (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

describe('the chain', () => {
  it('is what RFC 6962 leaves and RFC 8785 JSON make it', async () => {
    const { clock, events } = createTestLog();
    await writeEvents(events, [factsOf('b', 1, { z: 1, a: ['é', '\n', 1e21] }), factsOf('a')]);
    clock.advance(7);
    await sequence(events);
    let chain: Uint8Array = sha256('');
    for (const { sequence: number, loggedAt, event, leafHash, chainHash } of await allEntries(events)) {
      const { data } = event;
      const bytes =
        `{"data":${'z' in data ? '{"a":["é","\\n",1e+21],"z":1}' : '{"name":"x"}'},"id":"${event.id}",` +
        `"loggedAt":${loggedAt.getTime()},"sequence":${number},"source":"/things","specversion":"1.0",` +
        `"subject":"${event.subject}","subjectRevision":1,"time":${event.time.getTime()},"type":"thing.changed"}`;
      const leaf = sha256(Uint8Array.of(0), bytes);
      chain = sha256(Uint8Array.of(1), chain, leaf);
      expect(Buffer.from(leafHash).equals(leaf)).toBe(true);
      expect(Buffer.from(chainHash).equals(chain)).toBe(true);
      expect(loggedAt.getTime() - event.time.getTime()).toBe(7);
    }
  });

  it('writes JSON as RFC 8785 has it', () => {
    // The example of RFC 8785 section 3.2.2, and the order of section 3.2.3.
    const given =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    expect(canonicalJson(JSON.parse(given))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const sorted = JSON.parse('{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}');
    expect(
      Object.values(
        JSON.parse(
          `[${canonicalJson(sorted)
            .replace(/"[^"]*":/g, '')
            .slice(1, -1)}]`,
        ),
      ),
    ).toEqual([2, 4, 6, 7, 1, 5, 3]);
  });
});

describe('a checkpoint', () => {
  it('is a signed note that others can check', async () => {
    const { events } = createTestLog({ keyring, origin: 'example.com/log' });
    await writeEvents(events, [factsOf('a'), factsOf('b')]);
    await sequence(events);
    const { note, origin, size, chainHash } = await events.checkpoint();
    const last = (await allEntries(events)).at(-1);
    expect({ origin, size, chainHash }).toEqual({ origin: 'example.com/log', size: 2, chainHash: last?.chainHash });
    const text = `example.com/log\n2\n${Buffer.from(chainHash).toString('base64')}\n`;
    const [, encoded = ''] = /^\n\u2014 example\.com\/log (\S+)\n$/.exec(note.slice(text.length)) ?? [];
    expect(note.startsWith(text)).toBe(true);
    const signature = Buffer.from(encoded, 'base64');
    const [name = '', keyId = '', key = ''] = (await events.verifierKey())
      .split('+', 2)
      .concat((await events.verifierKey()).split('+').slice(2).join('+'));
    const typed = Buffer.from(key, 'base64');
    expect(name).toBe(origin);
    expect(typed).toHaveLength(33);
    expect(sha256(`${name}\n`, typed).subarray(0, 4).toString('hex')).toBe(keyId);
    expect(signature.subarray(0, 4).toString('hex')).toBe(keyId);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verifySignature(null, Buffer.from(text), publicKey, signature.subarray(4))).toBe(true);
  });

  it('is read as other makers of signed notes write it', async () => {
    // The example of the Go package golang.org/x/mod/sumdb/note.
    const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const signature =
      '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    const verifier = await parseVerifierKey(defaultCrypto, key);
    expect(verifierKeyText(verifier)).toBe(key);
    expect(await openNote(defaultCrypto, `${text}\n${signature}`, [verifier])).toBe(text);
    const unknown = '\u2014 Somebody AAAAAAAAAAAA\n';
    expect(await openNote(defaultCrypto, `${text}\n${unknown}${signature}`, [verifier])).toBe(text);
    const changed = `${text.replace('answer', 'Answer')}\n${signature}`;
    expect(await codeOf(openNote(defaultCrypto, changed, [verifier]))).toBe('CHECKPOINT_INVALID');
    expect(await codeOf(openNote(defaultCrypto, `${text}\n${unknown}`, [verifier]))).toBe('CHECKPOINT_INVALID');
  });

  it('has one key, however many instances ask for it first', async () => {
    const { events, another } = createTestLog({ keyring });
    const keys = await Promise.all([events, another(), another(), another()].map((each) => each.verifierKey()));
    expect(new Set(keys).size).toBe(1);
    expect(await another().verifierKey()).toBe(keys[0]);
    expect(keys[0]).toMatch(/^chancery\/[a-z0-9_]+\+[0-9a-f]{8}\+/);
  });

  it('is signed once a size, by all instances together', async () => {
    const { events, another } = createTestLog({ keyring });
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    const notes = await Promise.all([events, another(), another()].map(async (each) => (await each.checkpoint()).note));
    expect(new Set(notes).size).toBe(1);
    await writeEvents(events, [factsOf('b')]);
    await sequence(events);
    expect((await events.checkpoint()).size).toBe(2);
    expect((await events.verify({ checkpoints: notes })).checkpoints).toBe(5);
  });

  it('is not signed over a log that contradicts the last one', async () => {
    const { events, storage, another } = createTestLog({ keyring });
    await writeEvents(events, [factsOf('a'), factsOf('b')]);
    await sequence(events);
    await events.checkpoint();
    await writeEvents(events, [factsOf('c')]);
    await sequence(events);
    const [, second] = (await storage.query({ collection: 'events', index: 'bySequence', limit: 9 })).documents;
    await commit(storage, [
      {
        kind: 'put',
        collection: 'events',
        id: second?.id ?? '',
        version: 'x',
        data: { ...second?.data, chainHash: `${'A'.repeat(43)}=` },
      },
    ]);
    expect(await codeOf(another().checkpoint())).toBe('STORAGE_CORRUPT');
  });

  it.each([
    ['a greater size than it says', { size: 1_000 }],
    ['another text', { note: 'chancery/x\n2\nAAAA\n\n\u2014 chancery/x AAAA\n' }],
    ['no note', { note: '' }],
  ])('is not signed where the last one that is stored has %s', async (_, change) => {
    const { events, storage } = createTestLog({ keyring });
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    await events.checkpoint();
    const [stored] = await storage.get([{ collection: 'events_checkpoints', id: '1' }]);
    const data = { ...stored?.data, ...change };
    await commit(storage, [{ kind: 'put', collection: 'events_checkpoints', id: '1', version: 'x', data }]);
    await writeEvents(events, [factsOf('b')]);
    await sequence(events);
    expect(await codeOf(events.checkpoint())).toBe('STORAGE_CORRUPT');
  });

  it.each([
    ['no text', 1],
    ['nothing', ''],
    ['no signature', 'a\n1\nAAAA\n'],
    ['no lines', '\n\n'],
    ['another dash', 'a\n1\nAAAA\n\n- a AAAA\n'],
    ['a signature that is not base64', 'a\n1\nAAAA\n\n\u2014 a AAA\n'],
    ['too much', `${'a'.repeat(70_000)}\n\n\u2014 a AAAA\n`],
  ])('is refused when it is %s', async (_, note) => {
    const { events } = createTestLog({ keyring });
    const code = await codeOf(events.verify({ checkpoints: [note as string] }));
    expect(code).toBe(typeof note === 'string' ? 'CHECKPOINT_INVALID' : 'INVALID_ARGUMENT');
  });

  it.each(['', 'a+b', 'a+00000000+AAAA', 'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'])(
    'is refused under the verifier key %j',
    async (key) => {
      const { events } = createTestLog({ keyring });
      const { note } = await events.checkpoint();
      expect(await codeOf(events.verify({ checkpoints: [note], verifierKeys: [key] }))).toBe('VERIFIER_KEY_INVALID');
    },
  );

  it('of another log is refused', async () => {
    const other = createTestLog({ keyring: LocalKeyring.generate() });
    const { note } = await other.events.checkpoint();
    const { events } = createTestLog({ keyring });
    expect(await codeOf(events.verify({ checkpoints: [note] }))).toBe('CHECKPOINT_INVALID');
  });

  it('is taken to the sink at intervals, and again after the sink failed', async () => {
    const taken: string[] = [];
    let down = true;
    const { clock, events, another } = createTestLog({
      keyring,
      checkpointIntervalMs: 60_000,
      checkpointSink: async (note) => {
        if (down) throw new Error('the sink is down');
        taken.push(note);
      },
    });
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    await expect(runChore(events, 'checkpoint')).rejects.toThrow('the sink is down');
    down = false;
    await runChore(another(), 'checkpoint');
    expect(taken).toEqual([(await events.checkpoint()).note]);
    await runChore(events, 'checkpoint');
    await writeEvents(events, [factsOf('b')]);
    await sequence(events);
    await runChore(events, 'checkpoint');
    expect(taken).toHaveLength(1);
    clock.advance(60_000);
    await runChore(events, 'checkpoint');
    await runChore(another(), 'checkpoint');
    expect(taken).toHaveLength(2);
    expect(await events.verify({ checkpoints: taken })).toMatchObject({ valid: true, checkpoints: 4 });
  });
});

describe('a log that lost what it had acknowledged', () => {
  it('goes on, and puts the fork on record', async () => {
    const { logger, told } = recordingLogger('error');
    const { storage, events } = createTestLog({ keyring, logger });
    await writeEvents(events, [factsOf('a'), factsOf('b')]);
    await sequence(events);
    const [head] = await storage.get([{ collection: 'events_heads', id: 'log' }]);
    await writeEvents(events, [factsOf('c')]);
    await sequence(events);
    const { note } = await events.checkpoint();
    const lost = (await allEntries(events)).at(-1);
    // As a failover leaves it: the last entries, the head and the checkpoint as they were before.
    await commit(storage, [
      { kind: 'delete', collection: 'events', id: lost?.event.id ?? '' },
      { kind: 'delete', collection: 'events_checkpoints', id: '3' },
      { kind: 'put', collection: 'events_heads', id: 'log', version: 'before', data: head?.data ?? {}, dueAt: 0 },
    ]);
    await writeEvents(events, [factsOf('d'), factsOf('e')]);
    await sequence(events);
    const report = await events.verify();
    expect(report).toMatchObject({ valid: true, size: 4 });
    expect(report.forks).toMatchObject([{ lostSize: 3, lostChainHash: lost?.chainHash, continuedFrom: 2 }]);
    expect(told).toContainEqual({ lostSize: 3, size: 2 });
    expect((await events.verify({ checkpoints: [note] })).problems).toEqual([
      { kind: 'fork', sequence: 2, checkpoint: 3 },
    ]);
  });
});
