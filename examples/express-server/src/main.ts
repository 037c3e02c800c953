import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServer } from './check.ts';
import { ADMINISTRATOR } from './demo/accounts.ts';
import { openKeyring } from './keyring.ts';
import { parseOptions, type ServerOptions, USAGE } from './options.ts';
import { type RunningServer, startServer } from './server.ts';
import { openStorage } from './storage.ts';

const options = read();
if (options === undefined) {
  console.log(USAGE);
} else {
  await run(options);
}

function read(): ServerOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function run(options: ServerOptions): Promise<void> {
  const isKept = options.storage.kind !== 'memory';
  const { storage, close } = await openStorage(options.storage);
  const keyring = await openKeyring(isKept ? options.keyringFile : undefined);
  const server = await startServer({ ...options, storage, keyring });
  const stop = async () => {
    await server.close();
    await close();
  };
  if (options.check) {
    for (const line of await checkServer(server)) console.log(`   ${line}`);
    return stop();
  }
  console.log(await welcome(server, options));
  // However often it is told to.
  const ending = new AbortController();
  ending.signal.addEventListener('abort', () => void stop());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
}

/** Where everything is, and what opens it. */
async function welcome(
  { origin, tlsOrigin, secrets, authority }: RunningServer,
  options: ServerOptions,
): Promise<string> {
  const anchors = join(tmpdir(), `chancery-root-${process.pid}.pem`);
  writeFileSync(anchors, await authority.trustAnchorsPem());
  const { kind } = options.storage;
  const kept =
    kind === 'memory' ? 'memory: it is gone when this ends' : `${kind}; the keys are in ${options.keyringFile}`;
  const lines = [
    ['Dashboard', `${origin}/`],
    ['Login', ADMINISTRATOR],
    ['Password', secrets.password],
    ...(secrets.letterKey === undefined ? [] : [['A key', `${secrets.letterKey} opens the record “letter”`]]),
    ['HTTPS', `curl --cacert ${anchors} ${tlsOrigin}/readyz`],
    ['API', `${origin}/openapi.json`],
    ['Kept in', kept],
  ];
  const table = lines.map(([name = '', value]) => `   ${name.padEnd(11)} ${value}`).join('\n');
  return `\n${table}\n\n   Some certificates are renewed each minute and a half: watch the overview. Ctrl+C ends it.\n`;
}
