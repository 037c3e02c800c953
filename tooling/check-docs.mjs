import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { importable, publicPackages } from './lib/packages.mjs';
import { CommandFailed, run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';

const FOLDER = join(workspace, '.cache/docs');

/**
 * Type-checks every TypeScript block of the README files and of docs/ against the sources. Each block is a module.
 *
 * @param {AbortSignal} [signal] Stops the check.
 * @returns {Promise<string>} How many blocks were checked.
 * @throws {CommandFailed} When one does not compile; the output names the page and its line.
 */
export async function checkDocs(signal) {
  const blocks = pages().flatMap(codeBlocks);
  if (blocks.length === 0) throw new Error('no ```ts block in README.md, docs/ or packages/*/README.md');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const files = blocks.map(({ page, line, code }) => {
    const file = `${page.replaceAll('/', '__')}@${line}.ts`;
    // Padded, so that the compiler's line is the page's line.
    writeFileSync(join(FOLDER, file), `${'\n'.repeat(line)}${code}\nexport {};\n`);
    return file;
  });
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(configuration(files), undefined, 2));
  try {
    await run(process.execPath, [join(workspace, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'], {
      cwd: FOLDER,
      signal,
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const output = error.output.replace(/^(\S+?)@\d+\.ts/gm, (_, name) => name.replaceAll('__', '/'));
    throw new CommandFailed('code blocks', error.message, output, { cause: error });
  }
  return `${blocks.length} blocks in ${new Set(blocks.map(({ page }) => page)).size} pages`;
}

function pages() {
  const docs = join(workspace, 'docs');
  const guides = existsSync(docs)
    ? readdirSync(docs, { recursive: true })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(docs, name))
    : [];
  const readmes = publicPackages().map(({ folder }) => join(folder, 'README.md'));
  const found = [join(workspace, 'README.md'), ...guides, ...readmes];
  const missing = found.filter((page) => !existsSync(page)).map((page) => relative(workspace, page));
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  return found;
}

function codeBlocks(file) {
  const page = relative(workspace, file).replaceAll('\\', '/');
  const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  return [...text.matchAll(/^```(?:ts|typescript)\b[^\n]*\n(.*?)^```/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    code: match[1],
  }));
}

function configuration(files) {
  const paths = publicPackages().flatMap(({ name, folder, manifest }) =>
    importable({ name, manifest }).map(({ specifier, subpath }) => [
      specifier,
      [join(folder, manifest.exports[subpath].source)],
    ]),
  );
  // Drivers and libraries that the reader of a page brings along: only the package that takes them has them here.
  const drivers = publicPackages().flatMap(({ folder, manifest }) =>
    Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
      .filter((name) => !name.startsWith('@chancery/'))
      .map((name) => [name, ['@types/', ''].map((scope) => join(folder, 'node_modules', scope + name))]),
  );
  return {
    extends: join(workspace, 'tsconfig.base.json'),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries([...paths, ...drivers]),
      typeRoots: [join(workspace, 'node_modules/@types')],
    },
    files,
  };
}
