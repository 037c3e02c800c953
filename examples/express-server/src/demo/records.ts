import type { RecordVault } from '@chancery/core';

const LETTER = `Dear reader,

the server that keeps this letter cannot read it. This page fetched it sealed, and
your browser has just opened it with the key that you entered.
`;

/**
 * Stores two records: one whose key the server keeps, and a letter whose key nobody keeps.
 *
 * @returns the letter's key, for whoever started the server
 */
export async function makeRecords(vault: RecordVault, ownerId: string): Promise<string> {
  const settings = JSON.stringify({ theme: 'calm', rows: 25 }, undefined, 2);
  await vault.store({
    ownerId,
    recordId: 'settings',
    data: settings,
    keyMode: 'managed',
    contentType: 'application/json',
  });
  const { key } = await vault.store({
    ownerId,
    recordId: 'letter',
    data: LETTER,
    contentType: 'text/plain;charset=utf-8',
  });
  return key as string;
}
