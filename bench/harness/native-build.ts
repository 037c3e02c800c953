import { readdirSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { findProgram, runProgram } from './command.ts';
import type { NativePeers, NativeProgram } from './goal.ts';

/**
 * Compiles the peers in Go and C where their compilers and headers are; says what is missing where they are not.
 *
 * @param sources The folder with `go/` and `openssl/`.
 * @param folder Where the programs go.
 */
export function buildNativePeers(sources: string, folder: string): NativePeers {
  return {
    go: buildGo(join(sources, 'go'), join(folder, 'go-peer')),
    openssl: buildC(join(sources, 'openssl', 'peer.c'), join(folder, 'openssl-peer')),
  };
}

function buildGo(sources: string, path: string): NativeProgram {
  const go = findProgram('go');
  if (go === undefined) return { absent: 'go is not installed' };
  const files = readdirSync(sources).filter((file) => file.endsWith('.go'));
  // The standard library is all that the peer needs: nothing is fetched.
  const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '', GO111MODULE: 'auto', GOTOOLCHAIN: 'local' };
  return unlessItFails(() => {
    runProgram(go, ['build', '-o', path, ...files], { cwd: sources, env });
    return { path, version: runProgram(go, ['version']).split(' ')[2]?.replace(/^go/, '') ?? '' };
  });
}

function buildC(source: string, path: string): NativeProgram {
  const cc = findProgram('cc');
  if (cc === undefined) return { absent: 'there is no C compiler (cc)' };
  try {
    runProgram(cc, ['-x', 'c', '-fsyntax-only', '-include', 'openssl/x509v3.h', devNull]);
  } catch {
    return { absent: 'the headers of OpenSSL are not installed (libssl-dev)' };
  }
  return unlessItFails(() => {
    runProgram(cc, ['-O2', '-o', path, source, '-lcrypto']);
    return { path, version: runProgram(path, ['version']).trim() };
  });
}

/** A peer that does not build here is absent, with the compiler's words: the other races go on. */
function unlessItFails(build: () => NativeProgram): NativeProgram {
  try {
    return build();
  } catch (error) {
    return { absent: `it does not build here: ${(error as Error).message}` };
  }
}
