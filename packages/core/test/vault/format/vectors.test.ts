import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/encoding/hex.ts';
import { parseKey } from '../../../src/vault/format/key-text.ts';
import { openRecord } from '../../../src/vault/format/open-record.ts';
import { sealRecord } from '../../../src/vault/format/seal-record.ts';
import { crypto, sequence, withSalt } from './sealed-record.ts';
import { recordVectors } from './vectors.ts';

describe('the vectors of the format', () => {
  it.each(recordVectors.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
    const { place, contentLength, contentType, padding } = vector;
    const key = parseKey(vector.key);
    expect(toHex(key)).toBe(vector.keyHex);
    const shape = {
      ...(contentType === undefined ? {} : { contentType }),
      ...(padding === undefined ? {} : { padding }),
    };
    const content = sequence(contentLength);
    const sealed = await sealRecord(withSalt(fromHex(vector.salt)), { key, place, ...shape }, content);
    expect(sealed.length).toBe(vector.sealedLength);
    if (vector.sealed !== undefined) expect(toHex(sealed)).toBe(vector.sealed);
    expect(createHash('sha256').update(sealed).digest('hex')).toBe(vector.sealedSha256);
    const record = await openRecord(crypto, { key, place }, sealed);
    expect(Buffer.compare(await record.bytes(), content)).toBe(0);
    expect((await record.info()).contentType).toBe(contentType);
  });

  it('are as many as there should be', () => {
    expect(recordVectors.map(({ place }) => place.keyMode).sort()).toEqual(
      ['dual', 'managed', 'user', 'user', 'user', 'user', 'user', 'user'].sort(),
    );
  });
});
