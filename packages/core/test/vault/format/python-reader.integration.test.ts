import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../src/encoding/hex.ts';
import { formatKey, parseKey } from '../../../src/vault/format/key-text.ts';
import { sealRecord } from '../../../src/vault/format/seal-record.ts';
import { crypto, key, place, sealedSequence, sequence, withSalt } from './sealed-record.ts';
import { recordVectors } from './vectors.ts';

const reader = fileURLToPath(new URL('read_record.py', import.meta.url));
const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import cryptography']).status === 0,
);
if (python === undefined) {
  console.warn(
    'SKIPPED: no Python has the package `cryptography` (Debian: python3-cryptography); nobody else read a record',
  );
}

function read(text: string, { namespace, owner, record, version }: typeof place, sealed: Uint8Array) {
  const args = [reader, text, namespace, owner, record, String(version)];
  return spawnSync(python as string, args, { input: sealed, maxBuffer: 2 ** 28 });
}

describe.runIf(python !== undefined)('a reader in Python, written from the documentation', () => {
  it.each(recordVectors.map((vector) => [vector.name, vector] as const))('reads vector "%s"', async (_, vector) => {
    const { contentType, padding } = vector;
    const shape = {
      ...(contentType === undefined ? {} : { contentType }),
      ...(padding === undefined ? {} : { padding }),
    };
    const options = { key: parseKey(vector.key), place: vector.place, ...shape };
    const content = sequence(vector.contentLength);
    const sealed = await sealRecord(withSalt(fromHex(vector.salt)), options, content);
    const { status, stdout, stderr } = read(vector.key, vector.place, sealed);
    expect([status, stderr.toString()]).toEqual([0, vector.contentType ?? '']);
    expect(Buffer.compare(stdout, content)).toBe(0);
  });

  it('reads a record of 3 MiB', async () => {
    const content = sequence(3 * 2 ** 20);
    const { status, stdout } = read(formatKey(key), place, await sealRecord(crypto, { key, place }, content));
    expect(status).toBe(0);
    expect(Buffer.compare(stdout, content)).toBe(0);
  });

  it('refuses another key, another place, and a record that was changed or cut off', async () => {
    const sealed = await sealedSequence(20_000);
    const changed = sealed.slice();
    changed[100] = (changed[100] as number) ^ 1;
    const attempts = [
      read(formatKey(sequence(32, 9)), place, sealed),
      read(formatKey(key), { ...place, version: 4 }, sealed),
      read(
        formatKey(key).replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')),
        place,
        sealed,
      ),
      read(formatKey(key), place, changed),
      read(formatKey(key), place, sealed.subarray(0, 61 + 16_400)),
      read(formatKey(key), place, sealed.subarray(0, -1)),
    ];
    for (const { status, stdout } of attempts) expect([status, stdout.length]).toEqual([1, 0]);
    expect(read(formatKey(key), place, sealed).status).toBe(0);
  });
});
