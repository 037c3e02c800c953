import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles the page's script for browsers. It fails when anything in it needs Node.
 *
 * @returns the script
 */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['source'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
