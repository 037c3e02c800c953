import type { Options } from 'tsup';

/**
 * How every package is built: ESM only, for the oldest Node that is supported.
 *
 * Splitting is on so that a class has one identity whichever subpath it is imported by: `instanceof` works across
 * `@chancery/core` and `@chancery/core/ports`.
 *
 * @param entry The package's subpaths: entry name to source file.
 */
export function build(entry: Record<string, string>): Options {
  return {
    entry,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    splitting: true,
    sourcemap: true,
    clean: true,
    // tsup hands `baseUrl` to the compiler, which TypeScript 6 calls deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  };
}
