import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems hand out by themselves, and so is what lies 10,000 above them, where a Redis cluster has its bus. */
const FIRST = 10_000;
const LAST = 19_999;
/** How many belong together: one that is listened on, so that no other process takes the block, and those that it guards. */
const BLOCK = 100;
const ATTEMPTS = 1000;

/** The rest of the block that this process has taken, and the one that it is about to take. */
const left: number[] = [];
let taking: Promise<void> | undefined;

/**
 * Ports that nothing listens on, and that no test of another process is given while this one lives: some are listened on much later, or again after
 * a server was killed.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = left.shift();
    if (port === undefined) {
      // Whoever asks at the same time waits for the same block.
      taking ??= takeBlock().finally(() => {
        taking = undefined;
      });
      await taking;
    } else if ((await isFree(port)) && (await isFree(port + 10_000))) ports.push(port);
  }
  return ports;
}

/** One of them. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

async function takeBlock(): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const guard = FIRST + randomInt((LAST + 1 - FIRST) / BLOCK) * BLOCK;
    const server = createServer();
    try {
      await once(server.listen(guard, '127.0.0.1'), 'listening');
    } catch {
      continue;
    }
    server.unref();
    for (let port = guard + 1; port < guard + BLOCK; port++) left.push(port);
    return;
  }
  throw new Error(`no block of ${BLOCK} ports between ${FIRST} and ${LAST} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
