import { beforeAll, expect, it } from 'vitest';
import type { IssuedCertificate } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestAuthority, sharedRoot, type TestAuthority } from '../support/test-authority.ts';

const signal = AbortSignal.abort();
let test: TestAuthority;
let issued: IssuedCertificate;

beforeAll(async () => {
  test = await createTestAuthority();
  issued = await test.authority.issue({ subjectAltNames: ['a.example'] });
});

it.each([
  ['issue', () => test.authority.issue({ subjectAltNames: ['b.example'], signal })],
  ['requestIntermediate', () => test.authority.requestIntermediate({ subject: 'CN=Other', signal })],
  ['retireIntermediate', () => test.authority.retireIntermediate(test.intermediate.id, { signal })],
  ['installRootCrl', async () => test.authority.installRootCrl((await (await sharedRoot()).crl()).crl.der, { signal })],
  ['revoke', () => test.authority.revoke(issued.serialNumber, { signal })],
  ['release', () => test.authority.release(issued.serialNumber, { signal })],
  ['get', () => test.authority.get(issued.serialNumber, { signal })],
  ['list', () => test.authority.list({ limit: 1, signal })],
  ['intermediates', () => test.authority.intermediates({ signal })],
  ['chainPem', () => test.authority.chainPem(issued.serialNumber, { signal })],
  ['trustAnchorsPem', () => test.authority.trustAnchorsPem({ signal })],
  ['crl', () => test.authority.crl({ signal })],
  ['crls', () => test.authority.crls({ signal })],
  ['crlBundlePem', () => test.authority.crlBundlePem({ signal })],
])('%s does nothing once its signal is aborted', async (_, call) => {
  expect(await codeOf(call())).toBe('ABORTED');
});

it('has left everything as it was', async () => {
  const { items } = await test.authority.list({ limit: 10 });
  expect(items.map(({ serialNumber, status }) => [serialNumber, status])).toEqual([[issued.serialNumber, 'valid']]);
  expect((await test.authority.intermediates()).map(({ state }) => state)).toEqual(['active']);
});
