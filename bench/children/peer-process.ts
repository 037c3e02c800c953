import type { PeerAnswer, PeerRequest } from '../harness/forked-peer.ts';
import { CATALOG, type PeerTask } from '../peers/catalog.ts';

const [, , task, name, folder] = process.argv;
const create = CATALOG[task as PeerTask]?.[name as string];
if (create === undefined) throw new Error(`no peer ${name} for ${task}`);
const contestant = create(folder as string);

process.on('message', (request: PeerRequest) => {
  // A rejection ends the process, and the race with it.
  void answer(request).then((given) => process.send?.(given));
});

async function answer(request: PeerRequest): Promise<PeerAnswer> {
  const { run, sample } = await contestant;
  if (request !== 'sample') return run(request.run);
  if (sample === undefined) throw new Error(`${name} gives no sample`);
  return sample();
}
