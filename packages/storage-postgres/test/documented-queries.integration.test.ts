import { readFileSync } from 'node:fs';
import { CertificateAuthority, EventLog, LocalKeyring } from '@chancery/core';
import { VirtualClock } from '@chancery/core/testing';
import { PostgresStorage } from '@chancery/storage-postgres';
import { expect, it } from 'vitest';
import { postgresSuite } from './support/postgres-suite.ts';

const suite = postgresSuite();

const page = readFileSync(new URL('../../../docs/backup.md', import.meta.url), 'utf8');
const [expiring, history, sizes] = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, text]) => text as string);

it('the queries of docs/backup.md find what an authority wrote', async () => {
  // The page's names are those of the default namespace.
  const storage = new PostgresStorage({ pool: suite.pool, durability: 'async' });
  // The server's time, which the queries ask for, but for moments that tell one certificate from the next.
  const clock = new VirtualClock(Date.now());
  const events = new EventLog({ storage, clock });
  const authority = new CertificateAuthority({ storage, events, clock, keyring: LocalKeyring.generate() });
  const { root } = await authority.bootstrap({
    organization: 'Example',
    passphrase: 'correct horse battery staple',
    saveRoot: async () => undefined,
  });
  root.close();
  const soon = await authority.issue({
    subjectAltNames: ['web.example'],
    accountId: 'ada',
    validity: { days: 10 },
  });
  clock.advance(1);
  await authority.issue({ subjectAltNames: ['web.example'], accountId: 'ada', validity: { days: 60 } });
  await authority.issue({ subjectAltNames: ['other.example'], accountId: 'bob', validity: { days: 10 } });
  await authority.revoke(soon.serialNumber, { reason: 'superseded' });

  expect((await suite.pool.query(expiring as string)).rows).toMatchObject([{ account: 'bob', certificates: '1' }]);
  const { rows } = await suite.pool.query(history as string);
  expect(rows).toMatchObject([
    { profile: 'server', state: 'issued', reason: null },
    { serial: soon.serialNumber, state: 'revoked', reason: 'superseded' },
  ]);
  expect(rows[1].until).toEqual(soon.notAfter);
  const tables = (await suite.pool.query(sizes as string)).rows.map(({ collection }) => collection);
  expect(tables).toContain('chancery$authority_certificates');
  await storage.close();
});
