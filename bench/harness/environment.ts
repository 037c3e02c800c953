import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram, runProgram } from './command.ts';
import type { NativePeers } from './goal.ts';

/** Where and against what a run was made. */
export interface Environment {
  readonly node: string;
  readonly nodeOpenssl: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly peers: Readonly<Record<string, string>>;
}

const PACKAGES = ['@peculiar/x509', 'pkijs', 'asn1js', 'node-forge'];

/** Reads what a reader of the table has to know: runtime, machine and the versions of the peers. */
export function describeEnvironment(native: NativePeers): Environment {
  const openssl = findProgram('openssl');
  const version = (program: NativePeers['go']) =>
    'absent' in program ? `absent (${program.absent})` : program.version;
  return {
    node: process.version,
    nodeOpenssl: process.versions.openssl,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    peers: {
      ...Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
      'openssl command': openssl === undefined ? 'absent' : (runProgram(openssl, ['version']).split(' ')[1] ?? ''),
      'OpenSSL C API': version(native.openssl),
      Go: version(native.go),
    },
  };
}

/** Not every package exports its package.json: it is found above the entry point. */
function packageVersion(name: string): string {
  for (
    let folder = dirname(createRequire(import.meta.url).resolve(name));
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === name && manifest.version !== undefined) return manifest.version;
    } catch {
      // Not the package's own folder yet: one further up.
    }
  }
  return 'unknown';
}
