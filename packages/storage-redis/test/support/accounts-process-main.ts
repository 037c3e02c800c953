// A process of its own with an AccountManager, which does what it is told over IPC.
import { AccountManager, LocalKeyring } from '@chancery/core';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';

/** What the parent asks for. */
export type AccountsTask =
  | {
      readonly kind: 'authenticate';
      readonly token: string;
      readonly mode: 'strict' | 'offline';
      readonly times: number;
    }
  | { readonly kind: 'refresh'; readonly token: string };

const { url, issuer, key } = JSON.parse(process.argv[2] as string) as Record<'url' | 'issuer' | 'key', string>;
const keys = { current: 'key', keys: { key: Uint8Array.from(Buffer.from(key, 'hex')) } };
const storage = new RedisStorage({ client: new Redis(url, { lazyConnect: true }) });
const accounts = new AccountManager({ storage, keyring: LocalKeyring.fromKeys(keys), issuer });

process.once('disconnect', () => process.exit());
process.on('message', ({ id, task }: { id: number; task: AccountsTask }) => {
  void carryOut(task).then((result) => process.send?.({ id, result }));
});
process.send?.({ id: 0, result: 'ready' });

/** The code of the refusal, or `ok`. */
async function carryOut(task: AccountsTask): Promise<string> {
  try {
    if (task.kind === 'refresh') await accounts.refresh({ refreshToken: task.token });
    else for (let at = 0; at < task.times; at++) await accounts.authenticate(task.token, { mode: task.mode });
    return 'ok';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
