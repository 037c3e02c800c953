import { describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring, OfflineRoot, type StorageBackend } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { BASE_URL, PASSPHRASE } from '../support/test-authority.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';

function fresh() {
  const clock = new VirtualClock();
  const { storage, another } = createTestStorage(clock);
  const keyring = LocalKeyring.generate();
  const authorityOn = (on: StorageBackend) =>
    new CertificateAuthority({ storage: on, keyring, clock, baseUrl: `${BASE_URL}/` });
  return { clock, authority: authorityOn(storage), another: () => authorityOn(another()) };
}

const options = (saved: Uint8Array[] = []) => ({
  organization: 'Example, Inc. "R&D"',
  passphrase: PASSPHRASE,
  saveRoot: async (file: Uint8Array) => void saved.push(file),
});

/** A `saveRoot` that tells when it is reached, and ends when it is told to. */
function pausing() {
  let arrive = (): void => undefined;
  let resume = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const resumed = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const saveRoot = (): Promise<void> => {
    arrive();
    return resumed;
  };
  return { reached, saveRoot, resume: () => resume() };
}

describe('bootstrap', () => {
  it('makes root, intermediate and root CRL, and saves the root before it installs anything', async () => {
    const { authority, another, clock } = fresh();
    const seen: string[] = [];
    let file = new Uint8Array();
    const { root, intermediate } = await authority.bootstrap({
      ...options(),
      saveRoot: async (given) => {
        seen.push(...(await authority.intermediates()).map(({ state }) => state));
        seen.push(await codeOf(another().issue({ subjectAltNames: ['a.example'] })));
        file = given as Uint8Array<ArrayBuffer>;
      },
    });
    expect(seen).toEqual(['requested', 'AUTHORITY_NOT_READY']);
    expect(intermediate.state).toBe('active');
    const certificate = parseCertificate(intermediate.certificatePem as string);
    expect(certificate.subject.toString()).toBe(
      'CN=Example\\, Inc. \\"R&D\\" Intermediate CA,O=Example\\, Inc. \\"R&D\\"',
    );
    expect(JSON.stringify(certificate.crlDistributionPoints)).toContain(`${BASE_URL}/root.crl`);
    const opened = await OfflineRoot.open(file, PASSPHRASE, { clock });
    expect(opened.issued).toEqual(root.issued);
    expect(opened.certificatePem).toBe(await authority.trustAnchorsPem());
    const [rootCrl] = await authority.crls();
    expect(parseCrl(rootCrl as string).issuer.equals(parseCertificate(root.certificatePem).subject)).toBe(true);
    // What was saved is the newest: the CRL that is installed is not one that the saved root could number again.
    expect(opened.revision).toBe(root.revision);
  });

  it('lets any fresh instance issue', async () => {
    const { authority, another } = fresh();
    await authority.bootstrap(options());
    const issued = await another().issue({ subjectAltNames: ['a.example'] });
    expect((await authority.get(issued.serialNumber)).certificatePem).toBe(issued.certificatePem);
  });

  it('leaves nothing behind when the root cannot be saved, and can be tried again at once', async () => {
    const { authority } = fresh();
    const diskFull = new Error('disk full');
    const failing = authority.bootstrap({ ...options(), saveRoot: () => Promise.reject(diskFull) });
    await expect(failing).rejects.toBe(diskFull);
    expect(await authority.intermediates()).toEqual([]);
    expect(await codeOf(authority.issue({ subjectAltNames: ['a.example'] }))).toBe('AUTHORITY_NOT_READY');
    expect(await codeOf(authority.trustAnchorsPem())).toBe('AUTHORITY_NOT_READY');
    await expect(authority.bootstrap(options())).resolves.toBeDefined();
  });

  it('refuses where the authority exists, saves nothing and changes nothing', async () => {
    const { authority, another } = fresh();
    await authority.bootstrap(options());
    const before = [await authority.intermediates(), await authority.trustAnchorsPem(), await authority.crlBundlePem()];
    const saved: Uint8Array[] = [];
    for (const again of [authority, another()]) {
      expect(await rejection(again.bootstrap(options(saved)))).toMatchObject({
        name: 'ConflictError',
        code: 'AUTHORITY_EXISTS',
        facts: { authority: 'internal' },
      });
    }
    expect(saved).toEqual([]);
    expect([
      await authority.intermediates(),
      await authority.trustAnchorsPem(),
      await authority.crlBundlePem(),
    ]).toEqual(before);
  });

  it('of two that race, one wins, and the other saves no root over it', async () => {
    const { authority, another } = fresh();
    const saved: Uint8Array[] = [];
    const results = await Promise.allSettled([
      authority.bootstrap(options(saved)),
      another().bootstrap(options(saved)),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({ code: 'AUTHORITY_EXISTS' });
    expect(saved).toHaveLength(1);
    expect(await authority.intermediates()).toHaveLength(1);
    await expect(another().issue({ subjectAltNames: ['a.example'] })).resolves.toBeDefined();
  });

  it('whose process died can be repeated after ten minutes; if it wakes up then, it installs nothing', async () => {
    const { authority, another, clock } = fresh();
    const first = pausing();
    const stuck = authority.bootstrap({ ...options(), saveRoot: first.saveRoot });
    await first.reached;
    expect(await codeOf(another().bootstrap(options()))).toBe('AUTHORITY_EXISTS');
    clock.advance(600_000);
    const second = pausing();
    const repeated = another().bootstrap({ ...options(), saveRoot: second.saveRoot });
    await second.reached;
    // The second is still at saving its root: the first must not get in between.
    first.resume();
    expect(await codeOf(stuck)).toBe('AUTHORITY_EXISTS');
    second.resume();
    const { root } = await repeated;
    expect(await another().trustAnchorsPem()).toBe(root.certificatePem);
    expect((await another().intermediates()).map(({ state }) => state)).toEqual(['active']);
  });

  it('that was slow finds the authority that another has made meanwhile', async () => {
    const { authority, another, clock } = fresh();
    const slow = pausing();
    const stuck = authority.bootstrap({ ...options(), saveRoot: slow.saveRoot });
    await slow.reached;
    clock.advance(600_000);
    const { root } = await another().bootstrap(options());
    slow.resume();
    expect(await codeOf(stuck)).toBe('AUTHORITY_EXISTS');
    expect(await another().trustAnchorsPem()).toBe(root.certificatePem);
  });

  it.each([
    ['no organization', { organization: ' ' }, 'INVALID_ARGUMENT'],
    ['an organization that is too long for a name', { organization: 'x'.repeat(65) }, 'NAME_INVALID'],
    ['a short passphrase', { passphrase: 'short' }, 'PASSPHRASE_TOO_SHORT'],
    ['no way to save', { saveRoot: undefined as unknown as () => Promise<void> }, 'INVALID_ARGUMENT'],
    ['an unknown kind of key', { rootKeyAlgorithm: 'DSA' as 'Ed25519' }, 'KEY_UNSUPPORTED'],
    ['an unknown kind of key below', { intermediateKeyAlgorithm: 'DSA' as 'Ed25519' }, 'KEY_UNSUPPORTED'],
  ])('refuses %s, and leaves nothing behind', async (_, change, code) => {
    const { authority } = fresh();
    expect(await codeOf(authority.bootstrap({ ...options(), ...change }))).toBe(code);
    expect(await authority.intermediates()).toEqual([]);
    await expect(authority.bootstrap(options())).resolves.toBeDefined();
  });

  it('of two authorities on one storage concerns its own name only', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    const keyring = LocalKeyring.generate();
    const [first, second] = ['first', 'second'].map(
      (name) => new CertificateAuthority({ storage, keyring, clock, name }),
    );
    await first?.bootstrap(options());
    await second?.bootstrap({ ...options(), intermediateKeyAlgorithm: 'Ed25519', rootKeyAlgorithm: 'ECDSA-P256' });
    const issued = await first?.issue({ subjectAltNames: ['a.example'] });
    expect(await codeOf((second as CertificateAuthority).get(issued?.serialNumber as string))).toBe(
      'CERTIFICATE_NOT_FOUND',
    );
    expect(await second?.intermediates()).toHaveLength(1);
  });

  it.each([
    ['a NUL', 'E\0vil'],
    ['an override of the direction', 'E\u202elive'],
  ])('refuses an organization with %s', async (_, organization) => {
    const { authority } = fresh();
    expect(await codeOf(authority.bootstrap({ ...options(), organization }))).toBe('NAME_INVALID');
    expect(await codeOf(authority.requestIntermediate({ subject: 'CN=a\\00b' }))).toBe('NAME_INVALID');
  });

  it('that takes longer than its reservation still ends well, unless another one takes the name', async () => {
    const clock = new VirtualClock();
    const { storage, another } = createTestStorage(clock);
    const keyring = LocalKeyring.generate();
    let beforeInstall: () => Promise<unknown> = async () => undefined;
    const slowly = overriding(storage, {
      commit: async (writes) => {
        if (writes.some(({ collection }) => collection === 'authorities')) {
          const act = beforeInstall;
          beforeInstall = async () => undefined;
          await act();
        }
        return storage.commit(writes);
      },
    });
    const slow = (name: string) => new CertificateAuthority({ storage: slowly, keyring, clock, name });
    const saveRoot = async () => void clock.advance(660_000);
    await expect(slow('alone').bootstrap({ ...options(), saveRoot })).resolves.toBeDefined();

    const rival = new CertificateAuthority({ storage: another(), keyring, clock, name: 'contested' });
    const pause = pausing();
    let rivals: Promise<unknown> = Promise.resolve();
    beforeInstall = () => {
      rivals = rival.bootstrap({ ...options(), saveRoot: pause.saveRoot });
      return pause.reached;
    };
    // Its root file is being written over by the rival's: it must not be the one that is installed.
    expect(await codeOf(slow('contested').bootstrap({ ...options(), saveRoot }))).toBe('AUTHORITY_EXISTS');
    pause.resume();
    await expect(rivals).resolves.toBeDefined();
  });
});
