import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { publicPackages } from '../lib/packages.mjs';
import { workspace } from '../lib/workspace.mjs';

/** Neither ours, nor read by anybody: what others wrote, and what was generated. */
const LEFT_OUT = /^(node_modules|dist|vectors|\..*)$/;

/**
 * Every page in Markdown that a reader of the repository meets, by path below the workspace, with `/`.
 *
 * @returns {string[]} The pages, sorted.
 * @throws {Error} Naming the README that a package should have and lacks.
 */
export function markdownPages() {
  const missing = publicPackages().filter(({ folder }) => !existsSync(join(folder, 'README.md')));
  if (missing.length > 0) throw new Error(`no README.md in ${missing.map(({ name }) => name).join(', ')}`);
  return pagesBelow('').sort();
}

function pagesBelow(folder) {
  return readdirSync(join(workspace, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (LEFT_OUT.test(entry.name)) return [];
    if (entry.isDirectory()) return pagesBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
