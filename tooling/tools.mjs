import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cleanEnvironment, run } from './lib/process.mjs';
import { TOOLS } from './lib/tool-recipes.mjs';
import { workspace } from './lib/workspace.mjs';

const CACHE = join(workspace, 'node_modules/.cache/test-tools');
const UNPACKED = join(CACHE, 'root');

/** Where programs that were unpacked, not installed, are found. Tests look here after PATH. */
export const TOOLS_BIN = join(CACHE, 'bin');

/** The environment in which tests find their programs. */
export function withTools(environment = cleanEnvironment()) {
  return { ...environment, PATH: [environment.PATH ?? '', TOOLS_BIN].join(delimiter) };
}

/**
 * Sees to it that programs are there: on PATH, or else by apt. As root they are installed, unless that would start a service;
 * otherwise they are unpacked into node_modules/.cache, which changes nothing on the system.
 *
 * `CHANCERY_TOOLS=system` uses only what is there; `CHANCERY_TOOLS=unpack` unpacks also as root.
 *
 * @param {readonly string[]} names Keys of TOOLS.
 * @param {AbortSignal} [signal] Stops waiting for apt.
 * @returns {Promise<string>} What was done.
 * @throws {Error} When a program is missing and cannot be had; the message names each.
 */
export async function ensureTools(names, signal) {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return `${names.join(', ')} present`;
  const packages = packagesOf(missing);
  const refuse = (why, cause) => {
    throw new Error(`missing: ${missing.join(', ')} (Debian: ${packages.join(' ')}); ${why}`, { cause });
  };

  const mode = process.env.CHANCERY_TOOLS ?? (process.getuid?.() === 0 ? 'install' : 'unpack');
  if (mode === 'system') refuse('CHANCERY_TOOLS=system forbids fetching');
  if (!onPath('apt-get')) refuse('there is no apt-get here: install them by hand');
  try {
    const borrowed = missing.filter((name) => TOOLS[name].suite !== undefined);
    const own = missing.filter((name) => !borrowed.includes(name));
    const unpacked = own.filter((name) => mode === 'unpack' || TOOLS[name].service);
    const installed = own.filter((name) => !unpacked.includes(name));
    if (installed.length > 0) await aptInstall(packagesOf(installed));
    if (unpacked.length > 0) await aptUnpack(unpacked, packagesOf(unpacked), signal);
    for (const tool of borrowed) await aptBorrow(tool, signal);
  } catch (error) {
    refuse(`apt could not bring them:\n${error.output ?? error.message}`, error);
  }
  const still = missing.filter((name) => findTool(name) === undefined);
  if (still.length > 0) refuse(`apt ran, yet ${still.join(', ')} did not appear`);
  return `${missing.join(', ')} fetched by apt (${mode})`;
}

function packagesOf(names) {
  return [...new Set(names.flatMap((name) => TOOLS[name].packages))];
}

/** The path of a program: on PATH, or unpacked. */
export function findTool(name) {
  const aside = TOOLS[name]?.aside ? newest('/', TOOLS[name].unpacked) : undefined;
  return onPath(name) ?? aside ?? (isProgram(join(TOOLS_BIN, name)) ? join(TOOLS_BIN, name) : undefined);
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Where a program lies below a folder: in its highest version, where its path leaves that open. */
function newest(root, path) {
  const [before, after] = path.split('*');
  if (after === undefined) return isProgram(join(root, path)) ? join(root, path) : undefined;
  const folder = join(root, before);
  const versions = (existsSync(folder) ? readdirSync(folder) : []).sort((left, right) => Number(right) - Number(left));
  return versions.map((version) => join(folder, version + after)).find(isProgram);
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const APT_ENVIRONMENT = () => cleanEnvironment({ DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' });

async function aptInstall(packages) {
  // Cut off in the middle, it would leave the system's packages half configured.
  const apt = (...args) => run('apt-get', args, { env: APT_ENVIRONMENT(), stoppable: false });
  const attempt = () => apt('install', '-o', 'DPkg::Lock::Timeout=300', '-y', '--no-install-recommends', ...packages);
  try {
    await attempt();
  } catch {
    // The package lists are often empty or stale on a fresh image.
    await apt('update');
    await attempt();
  }
}

async function aptUnpack(tools, packages, signal) {
  rmSync(join(CACHE, 'archives'), { recursive: true, force: true });
  mkdirSync(join(CACHE, 'archives'), { recursive: true });
  try {
    await downloadAndUnpack(packages, [], signal);
  } catch {
    const lists = await privateLists(signal);
    await downloadAndUnpack(packages, lists, signal);
  }
  mkdirSync(TOOLS_BIN, { recursive: true });
  for (const tool of tools) writeWrapper(tool);
}

/** Unpacks a package of another release, from the mirror that the system uses; the system's own sources stay as they are. */
async function aptBorrow(tool, signal) {
  const { packages, suite } = TOOLS[tool];
  const folder = join(CACHE, suite);
  const settings = { env: APT_ENVIRONMENT(), cwd: folder, signal };
  mkdirSync(folder, { recursive: true });
  const locate = async (options) => {
    const found = await run('apt-get', [...options, 'download', '--print-uris', ...packages], settings);
    return /'([^']+)\/pool\//.exec(found)?.[1] ?? Promise.reject(new Error(`no mirror has ${packages.join(' ')}`));
  };
  const mirror = await locate([]).catch(async () => locate(await privateLists(signal)));
  writeFileSync(join(folder, 'sources.list'), `deb ${mirror} ${suite} main\n`);
  const sources = [
    '-o',
    `Dir::Etc::SourceList=${join(folder, 'sources.list')}`,
    '-o',
    'Dir::Etc::SourceParts=/dev/null',
  ];
  const options = await privateLists(signal, folder, sources);
  await run('apt-get', [...options, 'download', ...packages], settings);
  await unpackArchives(folder, join(folder, 'root'), settings);
  mkdirSync(TOOLS_BIN, { recursive: true });
  writeWrapper(tool, join(folder, 'root'));
}

/** Lists of our own, since the system's may be stale and only root may renew them. */
async function privateLists(signal, place = CACHE, sources = []) {
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(place, folder), { recursive: true });
  const options = [
    ...sources,
    ...['-o', `Dir::State::Lists=${join(place, 'lists')}`],
    ...['-o', `Dir::Cache=${join(place, 'cache')}`],
    ...['-o', 'APT::Sandbox::User=root'],
  ];
  await run('apt-get', [...options, 'update'], { env: APT_ENVIRONMENT(), signal });
  return options;
}

async function downloadAndUnpack(packages, options, signal) {
  const settings = { env: APT_ENVIRONMENT(), cwd: join(CACHE, 'archives'), signal };
  const plan = await run('apt-get', [...options, 'install', '-s', '--no-install-recommends', ...packages], settings);
  const closure = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  await run('apt-get', [...options, 'download', ...new Set([...closure, ...packages])], settings);
  await unpackArchives(settings.cwd, UNPACKED, settings);
}

async function unpackArchives(folder, root, settings) {
  for (const archive of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg-deb', ['-x', archive, root], settings);
    rmSync(join(folder, archive));
  }
}

/** A script that sets the library path for this program alone: set for all, it would reach Node too. */
function writeWrapper(tool, root = UNPACKED) {
  const { unpacked, environment } = TOOLS[tool];
  const program = newest(root, unpacked);
  if (program === undefined) return;
  const lib = join(root, 'usr/lib');
  const multiarch = (existsSync(lib) ? readdirSync(lib) : []).filter((name) => name.endsWith('-linux-gnu'));
  const libraries = [
    'usr/lib',
    ...multiarch.map((name) => `usr/lib/${name}`),
    ...multiarch.map((name) => `lib/${name}`),
  ];
  const settings = {
    LD_LIBRARY_PATH: libraries.map((folder) => join(root, folder)).join(':'),
    ...environment?.(root),
  };
  const exports = Object.entries(settings).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  const script = ['#!/bin/sh', ...exports, `exec '${program.replaceAll("'", "'\\''")}' "$@"`, ''].join('\n');
  writeFileSync(join(TOOLS_BIN, tool), script);
  chmodSync(join(TOOLS_BIN, tool), 0o755);
}
