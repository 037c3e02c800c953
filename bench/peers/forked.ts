import type { Contestant } from '../harness/contestant.ts';
import { forkedPeer } from '../harness/forked-peer.ts';
import { FORGE, PECULIAR, PECULIAR_WITH_FIELDS, PKIJS } from './names.ts';

/** The peers in JavaScript, issuing from checked requests or from PEM to PEM. */
export function forkedIssuers(task: 'issue' | 'csr', folder: string): Contestant[] {
  return [PKIJS, PECULIAR, FORGE].map((name) => forkedPeer(name, task, folder));
}

/** The peers in JavaScript, parsing certificates. */
export function forkedParsers(folder: string): Contestant[] {
  return [PECULIAR, PECULIAR_WITH_FIELDS, PKIJS, FORGE].map((name) => forkedPeer(name, 'parse', folder));
}
