import { describe, expect, it } from 'vitest';
import { identifierOf } from '../../../src/acme/issuer/checked-request.ts';
import { AcmeClient, nodeCrypto } from '../../../src/index.ts';
import { expectRefused, HOSTILE_VALUES } from '../../support/hostile-values.ts';

type Any = never;

const directory = 'https://acme.example/dir';
const accountKey = await nodeCrypto().generateKey('ECDSA-P256');
const client = new AcmeClient({
  directory,
  accountKey,
  accountUrl: 'https://acme.example/account',
  fetch: () => Promise.reject(new Error('no request was to be sent')),
});
const url = 'https://acme.example/order';

describe.each(HOSTILE_VALUES)('%s', (_, value) => {
  const bad = value as Any;

  it('is no signal, and where it is no object no options', async () => {
    const isObject = typeof value === 'object' && value !== null;
    for (const options of [{ signal: bad }, ...(isObject ? [] : [bad])]) {
      const calls: (() => unknown)[] = [
        () => client.directory(options),
        () => client.getAccount(options),
        () => client.updateAccount(options),
        () => client.deactivateAccount(options),
        () => client.changeKey(accountKey, options),
        () => client.listOrders(options),
        () => client.getOrder(url, options),
        () => client.createAuthorization({ type: 'dns', value: 'a.example' }, options),
        () => client.getAuthorization(url, options),
        () => client.deactivateAuthorization(url, options),
        () => client.answerChallenge(url, options),
        () => client.finalize({ url, finalize: url }, new Uint8Array(3), options),
        () => client.getCertificate(url, options),
        () => client.renewalInfo(new Uint8Array(3), options),
      ];
      for (const call of calls) await expectRefused(call);
    }
  });

  it('is refused where a client is made', async () => {
    for (const option of ['directory', 'accountKey', 'fetch', 'trustAnchorsPem', 'timeoutMs']) {
      if (typeof value === 'function' && option === 'fetch') continue;
      if (typeof value === 'string' && option === 'trustAnchorsPem') continue;
      if (typeof value === 'object' && value !== null && option === 'accountKey') continue;
      await expectRefused(() => new AcmeClient({ directory, accountKey, [option]: bad }));
    }
  });
});

it('tells of a name that no ACME server certifies without what may be a password', () => {
  const name = { kind: 'uri', value: 'https://ada:hunter2@a.example/' } as const;
  expect(() => identifierOf(name)).toThrow(/not "uri:https:\/\/…@a\.example\/"$/);
});
