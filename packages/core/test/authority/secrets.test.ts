import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toBase64 } from '../../src/encoding/base64.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { CertificateAuthority, EventLog, LocalKeyring, OfflineRoot, type StorageBackend } from '../../src/index.ts';
import type { Write } from '../../src/ports/storage.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { PASSPHRASE } from '../support/test-authority.ts';
import { createTestStorage, overriding, recordCommits } from '../support/test-storage.ts';

/** Everything that an error says, its causes included. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    words.push(each.name, each.message, each.stack ?? '', JSON.stringify({ ...each }));
  }
  return words.join('\n');
}

/** A secret in every spelling in which it could be written down; parts of it too. */
function spellings(secret: Uint8Array): string[] {
  const middle = secret.subarray(secret.length >> 2, (secret.length >> 2) + 24);
  return [
    toHex(middle),
    toHex(middle).toUpperCase(),
    toBase64(middle.subarray(0, 24)),
    String(middle),
    JSON.stringify([...middle]),
  ];
}

describe('a whole life of an authority', () => {
  it('leaves no secret in storage, errors, logs, events or results', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { storage, commits } = recordCommits(stored.storage);
    const keyring = LocalKeyring.generate();
    const said: string[] = [];
    const say = (message: string, fields?: object) => void said.push(message, JSON.stringify(fields));
    const logger = { debug: say, info: say, warn: say, error: say };
    const events = new EventLog({ storage, clock });
    const authority = new CertificateAuthority({
      storage,
      keyring,
      events,
      clock,
      logger,
      baseUrl: 'http://pki.example',
    });
    const secrets: Uint8Array[] = Object.values(keyring.export().keys);

    let rootFile: Uint8Array = new Uint8Array();
    const { root } = await authority.bootstrap({
      organization: 'Example',
      passphrase: PASSPHRASE,
      saveRoot: async (file) => {
        rootFile = file;
      },
    });
    said.push(
      JSON.stringify(root),
      String(root),
      JSON.stringify(authority),
      JSON.stringify(keyring),
      new TextDecoder().decode(rootFile),
    );
    const issued = await authority.issue({ subjectAltNames: ['a.example'], metadata: { team: 'x' } });
    const generated = createPrivateKey(issued.privateKeyPem as string);
    secrets.push(new Uint8Array(generated.export({ format: 'der', type: 'pkcs8' })).subarray(30));
    secrets.push(Buffer.from(generated.export({ format: 'jwk' }).d as string, 'base64url'));
    await authority.revoke(issued.serialNumber);
    said.push(JSON.stringify([await authority.get(issued.serialNumber), await authority.intermediates()]));
    said.push(JSON.stringify((await events.pending({ limit: 100 })).items), await authority.crlBundlePem());

    const attempts: (() => Promise<unknown>)[] = [
      () => OfflineRoot.open(rootFile, `${PASSPHRASE}x`, { clock }),
      () => OfflineRoot.open(rootFile.slice(0, 700), PASSPHRASE, { clock }),
      () => OfflineRoot.create({ subject: 'CN=R', passphrase: PASSPHRASE.slice(0, 14), clock }),
      () => authority.bootstrap({ organization: 'Example', passphrase: PASSPHRASE, saveRoot: async () => undefined }),
      () => authority.issue({ csr: issued.privateKeyPem as string, subjectAltNames: ['a.example'] }),
      () => authority.issue({ publicKey: issued.privateKeyPem as string, subjectAltNames: ['a.example'] }),
      () =>
        authority.issue({
          publicKey: generated.export({ format: 'der', type: 'pkcs8' }),
          subjectAltNames: ['a.example'],
        }),
      () => authority.inspect(issued.privateKeyPem as string),
      () => root.signIntermediate(issued.privateKeyPem as string),
      () => authority.installRootCrl(issued.privateKeyPem as string),
      () => new CertificateAuthority({ storage: stored.another(), keyring: LocalKeyring.generate(), clock }).issue({}),
      () =>
        new CertificateAuthority({ storage: broken(stored.another()), keyring, clock }).issue({
          subjectAltNames: ['a.example'],
        }),
    ];
    for (const attempt of attempts) {
      const error: unknown = await attempt().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      said.push(wordsOf(error));
    }

    const written = JSON.stringify(commits, (_, value: unknown) =>
      value instanceof Uint8Array ? toHex(value) : value,
    );
    const everything = [written, JSON.stringify(commits as readonly (readonly Write[])[]), ...said].join('\n');
    for (const needle of [PASSPHRASE, PASSPHRASE.slice(0, 14), 'BEGIN PRIVATE'])
      expect(everything.includes(needle)).toBe(false);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThanOrEqual(32);
      for (const spelling of spellings(secret)) expect(everything.includes(spelling)).toBe(false);
    }
    // The search finds what is there: the certificate itself, which is no secret.
    const body = Buffer.from((issued.certificatePem.match(/-\n([^-]+)/)?.[1] ?? '').replaceAll('\n', ''), 'base64');
    expect(spellings(body).some((spelling) => everything.includes(spelling))).toBe(true);
  });
});

/** A storage whose sealed keys were exchanged for junk. */
function broken(storage: StorageBackend): StorageBackend {
  return overriding(storage, {
    query: async (query) => {
      const page = await storage.query(query);
      const spoiled = page.documents.map((each) =>
        each.bytes ? { ...each, bytes: each.bytes.map((byte) => byte ^ 1) } : each,
      );
      return { ...page, documents: spoiled };
    },
  });
}
