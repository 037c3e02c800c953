import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool } from '../../../support/tools.ts';
import { AT, type Entity } from '../path-pki.ts';

/** What an oracle says of a batch: the reason for each end entity that it refuses, by its place. */
export type Refusals = ReadonlyMap<number, string>;

/** OpenSSL's path validation, a batch a process. */
export class OpensslOracle {
  readonly #folder = mkdtempSync(join(tmpdir(), 'chancery-path-fuzz-'));

  refusals(root: Entity, cas: readonly Entity[], leaves: readonly Entity[]): Refusals {
    const write = (name: string, text: string) => writeFileSync(join(this.#folder, name), text);
    write('root.pem', root.pem);
    write('cas.pem', cas.map(({ pem }) => pem).join(''));
    for (const [index, { pem }] of leaves.entries()) write(`${index}.pem`, pem);
    const at = String(AT.getTime() / 1000);
    const trust = ['-CAfile', 'root.pem', '-untrusted', 'cas.pem'];
    const argv = ['verify', '-x509_strict', '-purpose', 'sslserver', '-attime', at, ...trust];
    const { stdout, stderr, error } = spawnSync(tool('openssl'), [...argv, ...leaves.map((_, at) => `${at}.pem`)], {
      cwd: this.#folder,
      encoding: 'utf8',
    });
    if (error) throw error;
    const accepted = new Set([...stdout.matchAll(/^(\d+)\.pem: OK$/gm)].map((match) => Number(match[1])));
    const reasons = new Map<number, string>();
    let reason = 'unreadable';
    for (const line of stderr.split('\n')) {
      reason = /^error \d+ at \d+ depth lookup: (.*)$/.exec(line)?.[1] ?? reason;
      const failed = /^error (\d+)\.pem: verification failed$/.exec(line)?.[1];
      if (failed !== undefined) reasons.set(Number(failed), reason);
    }
    return new Map(
      leaves.flatMap((_, at) => (accepted.has(at) ? [] : [[at, reasons.get(at) ?? 'unreadable'] as const])),
    );
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
