import { spawnSync } from 'node:child_process';
import { buildGo } from '../../../support/go-program.ts';
import { AT, type Entity } from '../path-pki.ts';
import type { Refusals } from './openssl-oracle.ts';

/** Go's path validation, a batch a process. */
export class GoOracle {
  readonly #program = buildGo(new URL('verify-paths.go', import.meta.url));

  refusals(root: Entity, cas: readonly Entity[], leaves: readonly Entity[]): Refusals {
    const base64 = ({ der }: Entity) => Buffer.from(der).toString('base64');
    const batch = { Root: base64(root), CAs: cas.map(base64), Leaves: leaves.map(base64), At: AT.toISOString() };
    const { status, stdout, stderr, error } = spawnSync(this.#program.path, {
      input: JSON.stringify(batch),
      encoding: 'utf8',
    });
    if (error) throw error;
    if (status !== 0) throw new Error(stderr);
    const reasons = JSON.parse(stdout) as string[];
    if (reasons.length !== leaves.length) throw new Error(`${reasons.length} answers to ${leaves.length} end entities`);
    return new Map(reasons.flatMap((reason, at) => (reason === '' ? [] : [[at, reason] as const])));
  }

  close(): void {
    this.#program.remove();
  }
}
