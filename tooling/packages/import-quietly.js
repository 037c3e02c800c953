// Run in an application that has installed the packages: imports one specifier, and fails if the import did anything
// but define what it exports. zod keeps a registry on globalThis; that one name is its own.
const OWN_TO_ZOD = /^__zod_/;
/** What a program keeps open on purpose; loading modules leaves only file requests behind. */
const AT_WORK = /Timeout|Immediate|TCP|UDP|TLS|Worker|MessagePort|Process|FSEvent|StatWatcher|Signal/;
const EVENTS = ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'warning', 'SIGINT', 'SIGTERM'];
const PROTOTYPES = { Object, Array, Function, Promise, Error, Uint8Array, Date, Map, Set, String, Number, RegExp };

function surroundings() {
  // By value, since Node replaces a getter by what it got when a global is first read.
  const global = Object.getOwnPropertyNames(globalThis)
    .filter((name) => !OWN_TO_ZOD.test(name))
    .map((name) => [`globalThis.${name}`, globalThis[name]]);
  const properties = Object.entries(PROTOTYPES).flatMap(([name, { prototype }]) =>
    Reflect.ownKeys(prototype).map((key) => {
      const { value, get } = Object.getOwnPropertyDescriptor(prototype, key);
      return [`${name}.prototype.${String(key)}`, value ?? get];
    }),
  );
  const listeners = EVENTS.map((event) => [`listeners of ${event}`, process.listenerCount(event)]);
  const environment = Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value]);
  return new Map([...global, ...properties, ...listeners, ...environment]);
}

const specifier = process.argv[2];
const before = surroundings();
const output = process.stdout.write;
let printed = 0;
process.stdout.write = () => {
  printed++;
  return true;
};
const names = Object.keys(await import(specifier));
process.stdout.write = output;
const after = surroundings();

const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
  (name) => !Object.is(before.get(name), after.get(name)),
);
if (changed.length > 0) throw new Error(`import '${specifier}' changed ${changed.join(', ')}`);
if (printed > 0) throw new Error(`import '${specifier}' printed`);
if (names.length === 0) throw new Error(`import '${specifier}' exports nothing`);
const busy = process.getActiveResourcesInfo().filter((kind) => AT_WORK.test(kind));
if (busy.length > 0) throw new Error(`import '${specifier}' left ${busy.join(', ')} running`);
