import { LocalKeyring, nodeCrypto } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import { StateStorage } from '../../src/limits/state-storage.ts';
import { aroundStorage } from '../../src/observation/around-storage.ts';

/** A storage that opens when it is let, and fails to as often as it is told. */
function slowStorage({ failures = 0 } = {}) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let opens = 0;
  const storage = aroundStorage(new MemoryStorage(), async ({ operation }, run) => {
    if (operation === 'open') {
      opens += 1;
      await gate;
      if (opens <= failures) throw new Error('the network is down');
    }
    return run();
  });
  const state = new StateStorage({ storage, keyring: LocalKeyring.generate(), crypto: nodeCrypto() });
  return { state, storage, open: () => release(), opens: () => opens };
}

describe('the state of the handlers in storage', () => {
  it('is nobody’s before its collections are open, and is opened once', async () => {
    const { state, storage, open, opens } = slowStorage();
    const [first, second] = [state.opened(), state.opened()];
    expect([first, second].map((each) => each instanceof Promise)).toEqual([true, true]);
    open();
    expect(await Promise.all([first, second])).toEqual([storage, storage]);
    expect(state.opened()).toBe(storage);
    expect(opens()).toBe(1);
  });

  it('is tried again after it could not be opened', async () => {
    const { state, storage, open, opens } = slowStorage({ failures: 1 });
    open();
    await expect(state.opened()).rejects.toThrow('the network is down');
    expect(await state.opened()).toBe(storage);
    expect(opens()).toBe(2);
  });
});
