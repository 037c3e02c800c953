import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { workspace } from './lib/workspace.mjs';

const { floors, forbidden, options } = createRequire(import.meta.url)('./floors.cjs');

/**
 * Checks every import of the workspace against the floors.
 *
 * @param {string} root The workspace's folder.
 * @returns {Promise<{ violations: { rule: string, from: string, to: string }[], files: number, imports: number }>}
 */
export async function checkFloors(root) {
  const { cruise } = await import('dependency-cruiser');
  const { output } = await cruise(
    sourceFolders(root),
    { ...options, baseDir: root, ruleSet: { forbidden }, validate: true },
    options.enhancedResolveOptions,
  );
  const violations = output.summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle ? cycle.map(({ name }) => name).join(' -> ') : to,
  }));
  return {
    violations: [...violations, ...unknownRooms(root), ...relativeAcrossPackages(output.modules)],
    files: output.summary.totalCruised,
    imports: output.summary.totalDependenciesCruised,
  };
}

/** Everything that is written by hand: what `dist` holds is made from it. */
function sourceFolders(root) {
  const inside = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []);
  // The cruiser takes what it is named as code, whatever its ending.
  const isCode = (name) => /\.[cm]?[jt]s$/.test(name) || !name.includes('.');
  const ofEach = ['packages', 'examples'].flatMap((folder) =>
    inside(folder).flatMap((name) => ['src', 'test'].map((part) => `${folder}/${name}/${part}`)),
  );
  const bench = inside('bench')
    .filter(isCode)
    .map((name) => `bench/${name}`);
  const generated = /\/(dist|node_modules)$/;
  return [...ofEach, ...bench].filter((path) => !generated.test(path) && existsSync(join(root, path)));
}

/** Folders of core that have no floor: a file there without any import would escape the rules about imports. */
function unknownRooms(root) {
  const rooms = new Set(floors.flat());
  const folder = join(root, 'packages/core/src');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() ? !rooms.has(entry.name) : entry.name !== 'index.ts'))
    .map((entry) => ({ rule: 'unknown-room', from: `packages/core/src/${entry.name}`, to: 'no floor' }));
}

/**
 * `../../core/src/…` from another package would be bundled into it, and its classes would lose their identity. Tests may
 * share helpers: those have no name to be imported by.
 */
function relativeAcrossPackages(modules) {
  const packageOf = (file) => /^packages\/[^/]+\//.exec(file)?.[0];
  return modules.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ module }) => module.startsWith('.') && packageOf(source) !== undefined)
      .filter(({ resolved }) => !resolved.startsWith('packages/core/test/support/'))
      .filter(({ resolved }) => packageOf(resolved) !== undefined && packageOf(resolved) !== packageOf(source))
      .map(({ resolved }) => ({ rule: 'across-packages-by-name', from: source, to: resolved })),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { violations, files, imports } = await checkFloors(workspace);
  for (const { rule, from, to } of violations) {
    console.error(`${rule}: ${relative('.', from).split(sep).join('/')} -> ${to}`);
  }
  console.log(`${files} files, ${imports} imports, ${violations.length} violations`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
