import { expect, it } from 'vitest';
import { logCollections } from '../../src/events/event-collections.ts';
import { CertificateAuthority, LocalKeyring } from '../../src/index.ts';
import type { LogFields } from '../../src/ports/logger.ts';
import { createTestLog, factsOf, recordingLogger, runChore, sequence } from './support.ts';

it('no secret that the log or the authority has used is in events, stored documents or log lines', async () => {
  const said: string[] = [];
  const secrets: string[] = [];
  const keyring = LocalKeyring.generate();
  const { logger } = recordingLogger('debug');
  const say = (message: string, fields?: LogFields) => {
    said.push(message, JSON.stringify(fields ?? {}));
  };
  const all = { ...logger, debug: say, info: say, warn: say, error: say };
  const { storage, events } = createTestLog({ keyring, logger: all });
  events.on('*', (event) => {
    said.push(JSON.stringify(event));
    throw new Error('a listener that fails');
  });

  const passphrase = 'a passphrase that nobody may see';
  const authority = new CertificateAuthority({ storage, keyring, events, logger: all });
  const { root } = await authority.bootstrap({ organization: 'Example', passphrase, saveRoot: async () => undefined });
  root.close();
  const { privateKeyPem, serialNumber } = await authority.issue({ subjectAltNames: ['a.example'] });
  await authority.revoke(serialNumber);
  secrets.push(passphrase, ...(privateKeyPem ?? '').split('\n').filter((line) => line.length > 40));

  const personal = { owner: 'owner@secret.example', data: { email: 'person@secret.example' } };
  await storage.commit(await events.writePersonal(factsOf('a'), personal));
  secrets.push('person@secret.example');
  for (const key of Object.values(keyring.export().keys)) {
    secrets.push(Buffer.from(key).toString('base64'), Buffer.from(key).toString('hex'));
  }
  await sequence(events);
  await events.checkpoint();
  await runChore(events, 'reseal');

  const { items } = await events.list({ limit: 100 });
  expect(items.map(({ event }) => event.type).toSorted()).toEqual([
    'certificate.issued',
    'certificate.revoked',
    'thing.changed',
  ]);
  const indexes = { events: 'bySequence', events_owner_keys: 'byAge', events_checkpoints: 'bySize' };
  for (const [collection, index] of Object.entries(indexes)) {
    const { documents } = await storage.query({ collection, index, limit: 100, withBytes: true });
    expect(documents).not.toHaveLength(0);
    for (const { data, bytes } of documents)
      said.push(JSON.stringify(data), Buffer.from(bytes ?? []).toString('latin1'));
    // Whose it is stands beside the key, and goes with it.
    if (collection === 'events') expect(JSON.stringify(documents)).not.toContain('owner@secret.example');
  }
  for (const [collection, id] of [
    ['events_checkpoint_keys', 'key'],
    ['events_heads', 'log'],
  ] as const) {
    const [document] = await storage.get([{ collection, id }]);
    said.push(JSON.stringify(document?.data), Buffer.from(document?.bytes ?? []).toString('latin1'));
  }
  expect(logCollections).toHaveLength(Object.keys(indexes).length + 3);
  said.push(JSON.stringify(items), JSON.stringify(await events.verify()));

  expect(secrets.length).toBeGreaterThan(3);
  for (const secret of secrets) expect(said.filter((text) => text.includes(secret))).toEqual([]);
  // Nor the key that signs checkpoints: PKCS#8 of Ed25519 begins so.
  const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex').toString('latin1');
  expect(said.filter((text) => text.includes(pkcs8))).toEqual([]);
});
