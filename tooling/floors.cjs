/**
 * The floors of the house, for dependency-cruiser. A file imports from lower floors and from its own room, never from a
 * sibling room on the same floor, never in a circle. Type-only imports count. Nothing is excluded.
 */

/** Rooms of packages/core/src by floor. A room that is not listed here may not exist. */
const FLOORS = [
  ['errors'],
  ['encoding', 'ports'],
  ['crypto'],
  ['keyring'],
  ['store'],
  ['events', 'x509'],
  ['authority', 'acme', 'accounts', 'vault'],
  ['certificates'],
  ['renewal', 'tls'],
  ['testing'],
];

const CORE = '^packages/core/src/';
const SOURCES = '^packages/[^/]+/src/';
const TEST_SUPPORT = '^packages/core/test/support/';
const PUBLIC_INDEX = '^packages/[^/]+/src/(index|[^/]+/index)\\.ts$';
const PKI_LIBRARIES = ['@peculiar/x509', '@peculiar/asn1-[a-z0-9-]+', 'pkijs', 'asn1js', 'reflect-metadata'];

const OPTIONAL_PEERS = ['@node-rs/argon2', '@node-rs/bcrypt', '@simplewebauthn/server'];

const inNodeModules = (names) => `(^|/)node_modules/(${names.join('|')})/`;

/** One rule a room: it may reach only what lies on the floors below it, and itself. */
const floorRules = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const below = FLOORS.slice(0, floor).flat();
    return {
      name: `floor-${floor}-${room}`,
      comment: `${room}/ stands on floor ${floor}: it imports ${below.length > 0 ? `${below.join(', ')} and itself` : 'itself'} only.`,
      severity: 'error',
      from: { path: `${CORE}${room}/` },
      to: { path: CORE, pathNot: `${CORE}(${[...below, room].join('|')})/` },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  floors: FLOORS,
  forbidden: [
    ...floorRules,
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one concept in two files, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unknown-room',
      comment: 'Every file of core lies in a room that has a floor. Give the room a floor in tooling/floors.cjs.',
      severity: 'error',
      from: { path: CORE, pathNot: `${CORE}(index\\.ts$|(${FLOORS.flat().join('|')})/)` },
      to: {},
    },
    {
      name: 'no-index-inside',
      comment: 'An index lists public names for the outside; inside a package, import the file.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/$1/src/(index|[^/]+/index)\\.ts$' },
    },
    {
      name: 'conformance-kit-imports-ports-only',
      comment: 'The kit judges any adapter by the contract alone.',
      severity: 'error',
      from: { path: `${CORE}testing/storage/` },
      to: { path: '^packages/', pathNot: `${CORE}(ports|errors|testing)/` },
    },
    {
      name: 'storage-imports-ports-only',
      comment: 'An adapter is written against the contract: @chancery/core/ports and nothing else of ours.',
      severity: 'error',
      from: { path: '^packages/(storage-[^/]+)/src/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', `${CORE}ports/index\\.ts$`] },
    },
    {
      name: 'across-packages-by-public-index',
      comment: "A package reaches another by its public subpaths only; tests share core's test/support.",
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', PUBLIC_INDEX, TEST_SUPPORT] },
    },
    {
      name: 'core-stands-alone',
      comment: 'Core knows no adapter and no example.',
      severity: 'error',
      from: { path: CORE },
      to: { path: '^(packages/(?!core/)|examples/|bench/|tooling/)' },
    },
    {
      name: 'sources-import-no-tests',
      severity: 'error',
      from: { path: SOURCES },
      to: { path: '^packages/[^/]+/test/' },
    },
    {
      name: 'pki-libraries-in-x509-only',
      comment: 'x509/ is the sole importer of @peculiar/x509, @peculiar/asn1-* and pkijs.',
      severity: 'error',
      from: { path: SOURCES, pathNot: `${CORE}x509/` },
      to: { path: inNodeModules(PKI_LIBRARIES) },
    },
    {
      name: 'crypto-in-crypto-only',
      comment:
        'crypto/ is the sole importer of node:crypto and @peculiar/webcrypto; everyone else takes a CryptoProvider.',
      severity: 'error',
      from: { path: SOURCES, pathNot: `${CORE}crypto/` },
      to: { path: ['^(node:)?crypto$', inNodeModules(['@peculiar/webcrypto'])] },
    },
    {
      name: 'core-dependencies',
      comment:
        'Core brings zod, jose, the PKI libraries and three optional peers; no storage driver, no web framework.',
      severity: 'error',
      from: { path: CORE },
      to: {
        path: '(^|/)node_modules/',
        pathNot: inNodeModules(['zod', 'jose', '@peculiar/webcrypto', ...PKI_LIBRARIES, ...OPTIONAL_PEERS]),
      },
    },
    {
      name: 'no-development-dependency',
      comment: 'What the sources import must come with the package.',
      severity: 'error',
      from: { path: SOURCES },
      to: {
        path: '(^|/)node_modules/',
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional'],
      },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing hides from every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
