import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFetch } from '../../src/acme/http/node-fetch.ts';
import { freePorts } from './free-ports.ts';
import { tool } from './tools.ts';

/** Where Caddy looks for http-01: it can be told of no other port. */
export const HTTP_01_PORT = 80;

/** Caddy as an ACME server (`acme_server`), with a CA of its own. */
export interface Caddy {
  /** URL of its directory. */
  readonly directory: string;
  /** The root of its CA, which its own TLS stands under too. */
  readonly trustAnchorsPem: string;
  stop(): Promise<void>;
}

/** Why no test can answer Caddy's challenges here; undefined where one can. */
export async function portRefusal(): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen(HTTP_01_PORT, '127.0.0.1'), 'listening');
    return undefined;
  } catch (error) {
    return `port ${HTTP_01_PORT} cannot be listened on (${(error as NodeJS.ErrnoException).code}): it takes root or CAP_NET_BIND_SERVICE, and that nothing else is there`;
  } finally {
    server.close();
  }
}

/** Starts Caddy and waits until it answers. */
export async function startCaddy(): Promise<Caddy> {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-caddy-'));
  const [port, httpPort] = await freePorts(2);
  const config = `{
  admin off
  skip_install_trust
  auto_https disable_redirects
  http_port ${httpPort}
  storage file_system ${join(folder, 'data')}
}
https://127.0.0.1:${port} {
  bind 127.0.0.1
  tls internal
  acme_server {
    ca local
  }
}
`;
  writeFileSync(join(folder, 'Caddyfile'), config);
  const args = ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
  // It would keep what it saves by itself below HOME.
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = spawn(tool('caddy'), args, { stdio: 'ignore', env });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  // An address: a client that has two for a name gives the first up after a quarter of a second, which a busy machine may need.
  const directory = `https://127.0.0.1:${port}/acme/local/directory`;
  const trustAnchorsPem = await answering(directory, join(folder, 'data/pki/authorities/local/root.crt'), child);
  return {
    directory,
    trustAnchorsPem,
    stop: async () => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for its directory. @returns the certificate of its root */
async function answering(directory: string, rootFile: string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + 90_000;
  for (let last: unknown; ; ) {
    try {
      if (existsSync(rootFile)) {
        const root = readFileSync(rootFile, 'utf8');
        const init = { method: 'GET', headers: {}, redirect: 'manual', signal: AbortSignal.timeout(5_000) } as const;
        if ((await nodeFetch(root)(directory, init)).status === 200) return root;
      }
    } catch (error) {
      last = error;
    }
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Caddy does not answer', { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
