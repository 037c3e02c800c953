import { expect, it } from 'vitest';
import { fromBase64Url, toBase64, toBase64Url } from '../../src/encoding/base64.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { ChanceryError, type KeyAlgorithm, LocalKeyring, nodeCrypto } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { rejection } from '../support/expect-error.ts';
import { ScriptedAcme } from '../support/scripted-acme.ts';
import { createTestIssuer, requestFor } from '../support/test-issuer.ts';
import { createTestStorage, recordCommits } from '../support/test-storage.ts';

/** Everything that an error says, its causes included. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause)
    words.push(each.message, each.stack ?? '', JSON.stringify({ ...each }));
  return words.join('\n');
}

const spellings = (secret: Uint8Array): string[] => [
  toHex(secret),
  toBase64(secret).slice(0, 40),
  toBase64Url(secret).slice(0, 40),
  String(secret),
];

it('no key is in storage, in a request, in an error or in a log', async () => {
  const clock = new VirtualClock();
  const server = new ScriptedAcme(clock);
  const stored = createTestStorage(clock);
  const { storage, commits } = recordCommits(stored.storage);
  const said: string[] = [];
  const say = (message: string, fields?: object) => void said.push(message, JSON.stringify(fields));
  const secrets: Uint8Array[] = [];
  const crypto = nodeCrypto();
  const generateKey = async (algorithm: KeyAlgorithm) => {
    const key = await crypto.generateKey(algorithm);
    // The private scalar, which the PKCS#8 of a P-256 key holds from its 36th octet on.
    secrets.push(Uint8Array.from(await crypto.exportPrivateKey(key)).slice(36, 68));
    return key;
  };
  const spying = new Proxy(crypto, {
    get: (target, name) => {
      const value: unknown = name === 'generateKey' ? generateKey : Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const hmacKey = toBase64Url(crypto.randomBytes(32));
  secrets.push(fromBase64Url(hmacKey));
  const made = createTestIssuer({
    clock,
    crypto: spying,
    storage,
    fetch: server.fetch,
    waitMs: 0,
    logger: { debug: say, info: say, warn: say, error: say },
    externalAccountBinding: { kid: 'kid-1', hmacKey },
  });
  server.responder = made.issuer.http01Responder();
  const request = await requestFor(['a.example']);
  for (const path of ['/new-account', '/new-order', '/order/1', '/challenge/1-0', '/finalize/1', '/certificate/1']) {
    server.intercept = (each) => (each.path === path ? server.problem('serverInternal', 500) : undefined);
    for (let pass = 0; pass < 4; pass++) {
      const error = await made.issuer.requestCertificate(request).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error ?? new ChanceryError('ABORTED', 'none')).toBeInstanceOf(ChanceryError);
      said.push(wordsOf(error));
      clock.advance(10_000);
    }
  }
  server.intercept = () => undefined;
  await made.issuer.rotateAccountKey();
  said.push(wordsOf(await rejection(made.another({ keyring: LocalKeyring.generate() }).accountUrl())));
  expect(secrets).toHaveLength(3);
  const written = JSON.stringify(
    commits.map((writes) =>
      writes.map((each) => ({ ...each, bytes: toHex('bytes' in each && each.bytes ? each.bytes : new Uint8Array()) })),
    ),
  );
  const sent = JSON.stringify(server.requests);
  for (const secret of secrets) {
    for (const text of spellings(secret)) {
      expect(written).not.toContain(text);
      expect(sent).not.toContain(text);
      expect(said.join('\n')).not.toContain(text);
    }
  }
  // And what is looked for would be found.
  expect(written).toContain('requestDigest');
  expect(sent).toContain('/new-order');
});

it("S4-3: the account's key is sealed anew after a rotation of the keyring, so that the former one can go", async () => {
  const clock = new VirtualClock();
  const server = new ScriptedAcme(clock);
  const [k1, k2] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const first = LocalKeyring.fromKeys({ current: 'k1', keys: { k1 } });
  const made = createTestIssuer({ clock, fetch: server.fetch, keyring: first });
  await made.issuer.accountUrl();
  const both = made.another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k1, k2 } }) });
  const task = both.maintenance().find(({ name }) => name === 'acme:acme.test:reseal');
  await task?.run({ limit: 1 });
  const later = made.another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k2 } }) });
  expect(await later.accountUrl()).toBe('https://acme.test/account/1');
  await later.rotateAccountKey();
  expect(server.accounts).toHaveLength(1);
});
