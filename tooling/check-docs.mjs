import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followLinks } from './docs/links.mjs';
import { markdownPages } from './docs/pages.mjs';
import { importable, publicPackages } from './lib/packages.mjs';
import { CommandFailed, run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';

const FOLDER = join(workspace, '.cache/docs');

/**
 * Follows every link between the pages, then type-checks every TypeScript block in them against the sources. Each block is a module.
 *
 * @param {AbortSignal} [signal] Stops the check.
 * @returns {Promise<string>} How many links and blocks were checked.
 * @throws {Error} Naming each link that leads nowhere.
 * @throws {CommandFailed} When a block does not compile; the output names the page and its line.
 */
export async function checkDocs(signal) {
  const pages = markdownPages();
  const { links, broken } = followLinks(workspace, pages);
  if (broken.length > 0) throw new Error(broken.join('\n'));
  const blocks = pages.flatMap(codeBlocks);
  await typeCheck(blocks, signal);
  return `${links} links, ${blocks.length} blocks in ${new Set(blocks.map(({ page }) => page)).size} pages`;
}

async function typeCheck(blocks, signal) {
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
}

function codeBlocks(page) {
  const text = readFileSync(join(workspace, page), 'utf8').replaceAll('\r\n', '\n');
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
