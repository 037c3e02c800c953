import { describe, expect, it, onTestFinished } from 'vitest';
import { CertificateManager, createTlsResolver, type StorageBackend } from '../../src/index.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';
import { startServer, visit } from './support/scene.ts';
import { quiet, VirtualTimer } from './support/virtual-timer.ts';

/** Two instances on one storage: one changes certificates, the other serves them. */
async function instances({ canWatch }: { readonly canWatch: boolean }) {
  const time = new VirtualTimer();
  const { clock, timer } = time;
  const { storage, another } = createTestStorage(clock);
  const { authority, keyring } = await createTestAuthority({ clock, storage });
  const other = canWatch ? another() : blind(another());
  const options = { keyring, clock, issuers: { internal: authority } };
  const changing = new CertificateManager({ ...options, storage });
  const serving = new CertificateManager({ ...options, storage: other });
  const tls = createTlsResolver({ certificates: serving, fallback: 'self-signed', clock, timer });
  onTestFinished(async () => {
    await tls.close();
    await Promise.all([changing.close(), serving.close()]);
  });
  const port = await startServer(await tls.serverOptions());
  const presented = async (servername: string) => (await visit(port, { servername })).serialNumber;
  return { changing, presented, time };
}

/** A storage that cannot watch. */
function blind(backend: StorageBackend): StorageBackend {
  const capabilities = { ...backend.capabilities, watch: false };
  return new Proxy(overriding(backend, { capabilities } as Partial<StorageBackend>), {
    get: (target, property) => (property === 'watch' ? undefined : Reflect.get(target, property)),
  });
}

describe.each([true, false])('certificates of a manager, by a storage that can watch: %s', (canWatch) => {
  it('serve in another instance within a second of each change', async () => {
    const { changing, presented, time } = await instances({ canWatch });
    const settle = async () => {
      await quiet();
      if (!canWatch) await time.pass(600);
    };
    const fallback = await presented('a.example');
    const created = await changing.create({ subjectAltNames: ['a.example', '*.b.example'] });
    await time.pass(1_001);
    expect(await presented('a.example')).toBe(created.serialNumber);
    expect(await presented('x.b.example')).toBe(created.serialNumber);
    const renewed = await changing.renew(created.id);
    expect(renewed.serialNumber).not.toBe(created.serialNumber);
    await settle();
    expect(await presented('a.example')).toBe(renewed.serialNumber);
    expect(await presented('x.b.example')).toBe(renewed.serialNumber);
    await changing.deactivate(created.id);
    await settle();
    expect(await presented('a.example')).toBe(fallback);
    await changing.activate(created.id);
    await time.pass(1_001);
    expect(await presented('a.example')).toBe(renewed.serialNumber);
    await changing.revoke(created.id, { reason: 'keyCompromise' });
    await settle();
    expect([await presented('a.example'), await presented('x.b.example')]).toEqual([fallback, fallback]);
  });
});
