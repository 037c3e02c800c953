import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-ports.ts';
import { tool } from './tools.ts';

/** An nginx of its own, with one TLS server that answers `ok`. */
export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

const running: Nginx[] = [];

/** Ends every nginx that {@link startNginx} has started. */
export async function stopNginx(): Promise<void> {
  for (const nginx of running.splice(0)) await nginx.close();
}

/**
 * Starts nginx and waits until it listens.
 *
 * @param files What it reads, by file name: `chain.pem` and `key.pem` are its certificate.
 * @param directives More lines for the server, in which `{folder}` stands for where the files are.
 */
export async function startNginx(
  files: Readonly<Record<string, string | Uint8Array>>,
  directives: readonly string[],
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-nginx-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const port = await freePort();
  const lines = directives.map((line) => `${line.replaceAll('{folder}', folder)};`).join('\n');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder};`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${temporary.join('\n')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/chain.pem;
    ssl_certificate_key ${folder}/key.pem;
    ${lines}
    location / { return 200 ok; }
  }
}
`,
  );
  const arguments_ = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')];
  const child = spawn(tool('nginx'), arguments_, { stdio: 'ignore' });
  const nginx = {
    port,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill();
        await exited;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  running.push(nginx);
  await listening(port, child);
  return nginx;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (child.exitCode === null && Date.now() < deadline) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(
    `nginx does not listen on ${port}${child.exitCode === null ? '' : `: it ended with ${child.exitCode}`}`,
  );
}
