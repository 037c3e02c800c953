import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm } from './install.mjs';
import { publicPackages } from './lib/packages.mjs';
import { run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';
import { checkConsumer } from './packages/consumer.mjs';
import { checkTarball } from './packages/tarball.mjs';

/**
 * Packs every public package and checks what would be published: its contents, its entries (publint,
 * arethetypeswrong), its types, and an application that installs nothing else.
 *
 * @param {AbortSignal} [signal] Stops the check.
 * @returns {Promise<string>} What was checked.
 * @throws {Error} At the first defect.
 */
export async function checkPackages(signal) {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-packages-'));
  try {
    const packed = [];
    for (const published of publicPackages()) packed.push(await pack(published, folder, signal));
    for (const one of packed) await checkTarball(one, signal);
    const figures = await checkConsumer(packed, join(folder, 'consumer'), signal);
    return `${packed.length} packages, ${figures}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pack({ name, folder }, into, signal) {
  const tarball = join(into, `${name.replace('@', '').replace('/', '-')}.tgz`);
  await pnpm(['pack', '--out', tarball], { cwd: folder, signal });
  const unpacked = join(into, name);
  mkdirSync(unpacked, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'], { cwd: workspace, signal });
  return { name, tarball, unpacked, manifest: JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) };
}
