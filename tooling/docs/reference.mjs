import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, LogLevel, ReflectionKind } from 'typedoc';
import { importable, publicPackages } from '../lib/packages.mjs';
import { workspace } from '../lib/workspace.mjs';

/**
 * Reads the public names of every package with their docstrings, and holds them against the rules: each has one, and so has
 * each method of a class; each link in one leads somewhere, and each parameter that is described is there.
 *
 * @param {ReturnType<typeof publicPackages>} [packages] Whose; all where it is left out.
 * @returns {Promise<{ app: Application, project: import('typedoc').ProjectReflection, names: number }>} The reference, ready to be rendered.
 * @throws {Error} Naming everything that breaks a rule.
 */
export async function readReference(packages = publicPackages()) {
  const entries = packages.flatMap(({ name, folder, manifest }) =>
    importable({ name, manifest }).map(({ specifier, subpath }) => ({
      specifier,
      file: join(folder, manifest.exports[subpath].source),
    })),
  );
  const tsconfig = writeTsconfig(entries.map(({ file }) => file));
  try {
    const app = await application(entries, tsconfig.file);
    const faults = [];
    app.logger.log = (message, level) => {
      if (level >= LogLevel.Warn) faults.push(message);
    };
    app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, module) => {
      const file = module.kind === ReflectionKind.Module && context.getSymbolFromReflection(module)?.declarations?.[0];
      const entry = file ? entries.find((one) => file.getSourceFile().fileName === one.file) : undefined;
      if (entry !== undefined) module.name = entry.specifier;
    });
    const project = await app.convert();
    if (project !== undefined) {
      app.validate(project);
      faults.push(...undocumented(project).map((name) => `${name} has no docstring`));
    }
    if (project === undefined || faults.length > 0) throw new Error(['the reference:', ...faults].join('\n'));
    return { app, project, names: exportsOf(project).length };
  } finally {
    tsconfig.remove();
  }
}

function application(entries, tsconfig) {
  return Application.bootstrap({
    name: 'Chancery',
    entryPoints: entries.map(({ file }) => file),
    tsconfig,
    readme: 'none',
    alwaysCreateEntryPointModule: true,
    disableGit: true,
    disableSources: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    // The types are a step of their own.
    skipErrorChecking: true,
    validation: {
      notDocumented: false,
      notExported: false,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
    },
    logLevel: 'Warn',
  });
}

/** The program holds what the entries reach, and nothing else. */
function writeTsconfig(files) {
  const cache = join(workspace, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'reference-'));
  const file = join(folder, 'tsconfig.json');
  writeFileSync(file, JSON.stringify({ extends: join(workspace, 'tsconfig.base.json'), files }));
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Properties, and what an interface asks of others, often say it by name and type. */
function undocumented(project) {
  const exported = exportsOf(project);
  const methods = exported
    .filter(({ kind }) => kind === ReflectionKind.Class)
    .flatMap(({ children = [] }) => children)
    .filter((member) => member.kindOf(ReflectionKind.Method | ReflectionKind.Accessor))
    .filter(({ name, flags, inheritedFrom }) => !(name.startsWith('[') || flags.isInherited || inheritedFrom));
  return [...exported, ...methods].filter((one) => !isDocumented(one)).map((one) => one.getFriendlyFullName());
}

function exportsOf(project) {
  const modules = project.children.filter(({ kind }) => kind === ReflectionKind.Module);
  return modules.flatMap(({ children = [] }) => children).filter(({ kind }) => kind !== ReflectionKind.Reference);
}

function isDocumented(reflection) {
  const declaration = reflection.type?.type === 'reflection' ? reflection.type.declaration : undefined;
  return [
    reflection,
    reflection.getSignature,
    ...(reflection.signatures ?? []),
    ...(declaration?.signatures ?? []),
  ].some((one) => one?.comment?.hasVisibleComponent() === true);
}
