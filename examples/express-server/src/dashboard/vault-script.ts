import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The vault's format as one script for browsers. It fails when anything in it needs Node. */
export async function bundleVault(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: "export { openRecordStream, parseKey, webCryptoPrimitives } from '@chancery/core/vault';",
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
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
