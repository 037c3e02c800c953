import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkDocs } from './check-docs.mjs';
import { checkFloors } from './check-floors.mjs';
import { checkLockfile } from './check-lockfile.mjs';
import { checkPackages } from './check-packages.mjs';
import { checkSuites } from './check-suites.mjs';
import { demoPrograms } from './commands/demo.mjs';
import { publicPackages } from './lib/packages.mjs';
import { run } from './lib/process.mjs';
import { TOOLS } from './lib/tool-recipes.mjs';
import { workspace } from './lib/workspace.mjs';
import { coversSecondNode, SECOND_NODE, secondNode } from './node24.mjs';
import { ensureTools, withTools } from './tools.mjs';
import { vitest } from './vitest.mjs';

/** What does not hang on the runtime: what adapters do to a server, an ACME server to us, and browsers and proxies to examples. */
const ON_ONE_RUNTIME = [
  'packages/storage-*/test/**',
  'packages/core/test/acme/**',
  'packages/http/test/metrics/**',
  'examples/{deploy,express-server,vault-browser}/test/**',
];

const module = (path) => join(workspace, 'node_modules', path);
const node = (args, options) => run(process.execPath, args, { cwd: workspace, ...options });

/**
 * The steps of `npm test`.
 *
 * @param {import('./vitest.mjs').Tally} tally Where the tests are counted.
 * @returns {import('./lib/steps.mjs').Step[]}
 */
export function testSteps(tally) {
  return [...gates(), ...builds(), ...tests(tally)];
}

function gates() {
  return [
    {
      name: 'lint',
      title: 'format and lint (Biome), lockfile',
      run: async (signal) => {
        checkLockfile();
        await node([module('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '--error-on-warnings'], { signal });
      },
    },
    {
      name: 'floors',
      title: 'imports go downwards only, no circle (dependency-cruiser)',
      run: async () => {
        const { violations, files, imports } = await checkFloors(workspace);
        if (violations.length > 0) {
          throw new Error(violations.map(({ rule, from, to }) => `${rule}: ${from} -> ${to}`).join('\n'));
        }
        return `${files} files, ${imports} imports`;
      },
    },
    {
      name: 'types',
      title: 'tsc --noEmit',
      run: async (signal) => {
        await node([module('typescript/bin/tsc'), '--noEmit', '--pretty', 'false', '-p', 'tsconfig.json'], { signal });
      },
    },
    { name: 'suites', title: 'every room, package and example has tests', run: async () => checkSuites() },
    {
      name: 'docs',
      title: 'links lead somewhere, code blocks of README and docs type-check',
      needs: ['types'],
      run: checkDocs,
    },
    {
      name: 'reference',
      title: 'every public name has a docstring (TypeDoc)',
      needs: ['types'],
      run: async (signal) => (await node(['tooling/check-reference.mjs'], { signal })).trim(),
    },
  ];
}

function builds() {
  const packages = publicPackages();
  const build = ({ name, folder }) => ({
    name: `build-${name.split('/')[1]}`,
    title: `tsup ${name}`,
    run: async (signal) => {
      await node([module('tsup/dist/cli-default.js')], { cwd: folder, signal });
    },
  });
  const steps = packages.map(build);
  return [
    ...steps,
    {
      name: 'packages',
      title: 'tarballs: contents, publint, arethetypeswrong, isolated install, imports',
      needs: steps.map(({ name }) => name),
      run: checkPackages,
    },
  ];
}

function tests(tally) {
  const gate = ['lint', 'floors', 'types', 'suites'];
  const lane = (name, project, runtime, needs, args = []) => ({
    name,
    title: `${project} tests, Node ${runtime === 'own' ? process.versions.node : SECOND_NODE}`,
    needs: [...gate, ...needs],
    run: async (signal) => {
      const node = runtime === 'own' ? process.execPath : await secondNode(signal);
      return vitest({ project, node, name, args, tally, signal });
    },
  });
  return [
    {
      name: 'tools',
      title: 'programs to compare with',
      load: 0,
      run: (signal) => ensureTools(Object.keys(TOOLS), signal),
    },
    lane('unit', 'unit', 'own', ['tools']),
    lane('integration', 'integration', 'own', ['tools']),
    // On this runtime only: what differs between runtimes is in the sources, and the lanes above have it.
    ...['pglite', 'postgres', 'redis', 'redis-cluster'].map((target) => ({
      ...lane(`on-${target}`, `on-${target}`, 'own', ['tools']),
      title: `the core suite on ${target}`,
    })),
    {
      name: 'demo',
      title: 'the quickstart and the server, as npm run demo starts them',
      needs: ['tools', 'types'],
      run: async (signal) => {
        for (const argv of demoPrograms(['--check'])) await node(argv, { env: withTools(), signal });
      },
    },
    {
      name: 'conformance',
      title: 'path validation judged by public suites, where they lie beside the checkout',
      needs: ['types'],
      run: conformanceSuites,
    },
    ...secondLane(lane),
  ];
}

/** The suites are not part of the project: a checkout without them has the tests of its own. */
async function conformanceSuites(signal) {
  const [limbo, pkits] = ['limbo', 'pkits'].map((name) => join(workspace, `../shared/suites/${name}.json`));
  if (!existsSync(limbo) || !existsSync(pkits)) return 'left out: the public suites are not here';
  const argv = [
    '--import',
    'tsx',
    '--conditions=source',
    'tooling/conformance/main.ts',
    '--limbo',
    limbo,
    '--pkits',
    pkits,
  ];
  const output = await node(argv, { signal });
  return [...output.matchAll(/^.*: \d+ of \d+ agree$/gm)].join('; ');
}

/** The same tests on the second runtime, unless the first is as new. */
function secondLane(lane) {
  if (coversSecondNode) {
    const covered = async () => `covered: this is Node ${process.versions.node}`;
    return [{ name: 'node24', title: 'second runtime', run: covered }];
  }
  return [
    { name: 'node24', title: `fetch Node ${SECOND_NODE}`, load: 0, run: (signal) => secondNode(signal) },
    lane('unit-node24', 'unit', 'second', ['node24', 'unit']),
    {
      ...lane(
        'integration-node24',
        'integration',
        'second',
        ['node24', 'integration'],
        ON_ONE_RUNTIME.flatMap((files) => ['--exclude', files]),
      ),
      title: `integration tests of what hangs on the runtime, Node ${SECOND_NODE}`,
    },
  ];
}
