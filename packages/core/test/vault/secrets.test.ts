import { describe, expect, it } from 'vitest';
import { toBase64, toBase64Url } from '../../src/encoding/base64.ts';
import { utf8 } from '../../src/encoding/bytes.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import type { Write } from '../../src/ports/storage.ts';
import { parseKey } from '../../src/vault/format/key-text.ts';
import { overriding } from '../support/test-storage.ts';
import { content, createTestVault, DAY, maintain, putDocument } from './support.ts';

/** A secret in every spelling in which it could be written down; parts of it too. */
function spellings(secret: Uint8Array): string[] {
  const part = secret.subarray(0, Math.max(9, Math.floor(secret.length / 6) * 3));
  const middle = secret.subarray(3, 3 + Math.floor((secret.length - 3) / 3) * 3);
  return [part, middle].flatMap((bytes) => [
    toHex(bytes),
    toBase64(bytes).replace(/=+$/, ''),
    toBase64Url(bytes),
    JSON.stringify([...bytes]).slice(1, -1),
    Buffer.from(bytes).toString('latin1'),
  ]);
}

/** Everything that an error says, its causes included. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    words.push(each.name, each.message, each.stack ?? '', JSON.stringify({ ...each }));
  }
  return words.join('\n');
}

describe('a whole life of a vault', () => {
  it('leaves no plaintext, key, owner or name of a record in storage, errors, logs, events or results of others', async () => {
    const said: string[] = [];
    const say = (message: string, fields?: object) => void said.push(message, JSON.stringify(fields));
    const logger = { debug: say, info: say, warn: say, error: say };
    const commits: (readonly Write[])[] = [];
    const keyring = LocalKeyring.generate();
    const made = createTestVault({
      keyring,
      logger,
      wrapStorage: (backend) =>
        overriding(backend, {
          commit: (writes: readonly Write[]) => {
            commits.push(writes);
            return backend.commit(writes);
          },
        }),
    });
    const { vault, events, clock, dump, storage } = made;
    const owner = { ownerId: 'owner:ann.example@example.org' };
    const recordId = 'record:medical history 2026';
    const contentType = 'application/x-very-telling';
    const text = 'The plaintext that nobody else may ever see, in sixty letters.';
    const texts = [owner.ownerId, recordId, contentType, text];
    const secrets = [...texts.map(utf8), ...Object.values(keyring.export().keys)];

    const failed = async (work: Promise<unknown>): Promise<void> => {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      said.push(wordsOf(error));
    };
    for (const keyMode of ['user', 'managed', 'dual'] as const) {
      const large = content(200_000, keyMode.length);
      const name = { ...owner, recordId: `${recordId} ${keyMode}` };
      for (const data of [text, large]) {
        const { key } = await vault.store({ ...name, data, keyMode, contentType, maxReads: 2 });
        const given = key === undefined ? {} : { key };
        if (key !== undefined) {
          secrets.push(parseKey(key), utf8(key));
          texts.push(key);
        }
        await vault.retrieve({ ...name, ...given });
        await failed(vault.retrieve({ ...name, ...given, key: `${key}x` }));
        await failed(vault.retrieve({ ...name, ...given, expectVersion: 99 }));
        await failed(vault.retrieve({ ...name, recordId: `${recordId} absent` }));
        await failed(vault.store({ ...name, data: text, ifVersion: 77 }));
        await failed(vault.store({ ...name, data: text, maxReads: -1 }));
      }
      secrets.push(large.subarray(0, 600), large.subarray(150_000, 150_600));
      await vault.delete(name);
      await failed(vault.retrieve(name));
    }
    const wrapped = await vault.wrap({ data: text, contentType });
    secrets.push(parseKey(wrapped.token), utf8(wrapped.token));
    texts.push(wrapped.token);
    await vault.unwrap({ token: wrapped.token });
    await failed(vault.unwrap({ token: wrapped.token }));

    for (const document of await dump()) {
      if (document.bytes === undefined) continue;
      await putDocument(storage, { ...document, bytes: document.bytes.map((byte) => byte ^ 1) });
      await failed(made.another().retrieve({ ...owner, recordId: `${recordId} user`, key: texts.at(-2) as string }));
      await putDocument(storage, document);
    }
    await vault.rotatePseudonymKey();
    clock.advance(DAY);
    await maintain(vault);
    const receipt = await vault.eraseOwner(owner);
    await maintain(vault);
    said.push(JSON.stringify([receipt, await vault.erasureReceipt(receipt.id), vault]));
    said.push(JSON.stringify((await events.pending({ limit: 500 })).items));
    expect((await events.pending({ limit: 500 })).items.length).toBeGreaterThan(8);

    const written = commits
      .flat()
      .flatMap((write) =>
        write.kind === 'put'
          ? [
              JSON.stringify(write),
              ...(write.bytes ? [toHex(write.bytes), Buffer.from(write.bytes).toString('latin1')] : []),
            ]
          : [],
      );
    const everything = [...written, ...said].join('\n');
    for (const needle of texts) expect(everything.includes(needle)).toBe(false);
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) expect(everything.includes(spelling)).toBe(false);
    }
    // The search finds what is there: the ids of documents, and the sealed bytes.
    const sample = commits.flat().find((write) => write.kind === 'put' && write.collection === 'vault_records');
    if (sample?.kind !== 'put') throw new Error('no record was written');
    expect(everything.includes(sample.id)).toBe(true);
    expect(everything.includes(toHex(sample.bytes?.subarray(70, 90) ?? content(20)))).toBe(true);
  });
});
