import { readFile, writeFile } from 'node:fs/promises';
import { type Keyring, LocalKeyring } from '@chancery/core';

/**
 * Reads the keyring of an earlier start, or makes one. In production it lives in a secret manager: whoever has it and the database has everything.
 *
 * @param file undefined: a fresh one that is kept nowhere, for what is in memory only
 */
export async function openKeyring(file: string | undefined): Promise<Keyring> {
  if (file === undefined) return LocalKeyring.generate();
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return makeKeyring(file);
  const { current, keys } = JSON.parse(text) as { current: string; keys: Record<string, string> };
  const decoded = Object.entries(keys).map(([id, key]) => [id, Uint8Array.from(Buffer.from(key, 'base64'))]);
  return LocalKeyring.fromKeys({ current, keys: Object.fromEntries(decoded) });
}

async function makeKeyring(file: string): Promise<Keyring> {
  const keyring = LocalKeyring.generate();
  const { current, keys } = keyring.export();
  const encoded = Object.entries(keys).map(([id, key]) => [id, Buffer.from(key).toString('base64')]);
  const text = `${JSON.stringify({ current, keys: Object.fromEntries(encoded) })}\n`;
  // Two that start at once must not each go on with keys of their own: the second fails here.
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  return keyring;
}
