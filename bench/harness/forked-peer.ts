import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Contestant, Spent } from './contestant.ts';

/** What a peer process is asked, one at a time. */
export type PeerRequest = { readonly run: number } | 'sample';

/** What it answers. */
export type PeerAnswer = Spent | Uint8Array;

/**
 * A contestant in JavaScript in a process of its own, which lives as long as the race: its garbage and its shapes are its
 * own affair, as they are in an application that uses it alone.
 *
 * @param task The race that it takes part in.
 * @param folder Where the inputs lie.
 */
export function forkedPeer(name: string, task: string, folder: string): Contestant {
  let peer: { readonly child: ChildProcess; readonly failure: Promise<never> } | undefined;
  const ask = async (request: PeerRequest): Promise<PeerAnswer> => {
    peer ??= start(name, task, folder);
    peer.child.send(request);
    const [answer] = await Promise.race([once(peer.child, 'message'), peer.failure]);
    return answer as PeerAnswer;
  };
  return {
    name,
    run: async (count) => (await ask({ run: count })) as Spent,
    sample: async () => (await ask('sample')) as Uint8Array,
    close: async () => peer?.child.disconnect(),
  };
}

function start(name: string, task: string, folder: string) {
  const child = fork(join(import.meta.dirname, 'peer-process.js'), [task, name, folder], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  });
  const failure = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the process of ${name} ended with ${signal ?? code}`);
  });
  // It ends in the end: that is a failure for those only who wait for an answer then.
  failure.catch(() => undefined);
  return { child, failure };
}
