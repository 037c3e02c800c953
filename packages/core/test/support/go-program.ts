import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run-tool.ts';

/** A Go program that was built of one source file and the standard library. */
export interface GoProgram {
  readonly path: string;
  remove(): void;
}

/** Builds a Go program, off line. It fails the test when it does not build. */
export function buildGo(source: URL): GoProgram {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-go-'));
  const path = join(folder, process.platform === 'win32' ? 'program.exe' : 'program');
  const env = {
    ...process.env,
    GOPROXY: 'off',
    GOFLAGS: '-mod=mod',
    GO111MODULE: 'off',
    CGO_ENABLED: '0',
    GOCACHE: join(folder, 'cache'),
    HOME: folder,
  };
  // Go 1.20 and later come without the standard library built.
  const options = { env, timeout: 600_000 };
  const { status, output } = run('go', ['build', '-o', path, fileURLToPath(source)], options);
  if (status !== 0) throw new Error(`go build: ${output}`);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
