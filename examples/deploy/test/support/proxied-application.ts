import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Certificate, LocalKeyring } from '@chancery/core';
import { toNodeListener } from '@chancery/http';
import { MemoryStorage } from '@chancery/storage-memory';
import { freePorts } from '../../../../packages/core/test/support/free-ports.ts';
import { runAsync } from '../../../../packages/core/test/support/run-async.ts';
import { tool } from '../../../../packages/core/test/support/tools.ts';
import { type Application, createApplication } from '../../src/application.ts';
import { CertificateFiles } from '../../src/certificate-files.ts';
import { reloadCommand } from '../../src/reload-command.ts';

const NGINX = fileURLToPath(new URL('../../nginx', import.meta.url));
export const HOST = 'app.example';
export const MTLS_HOST = 'mtls.app.example';

/** The application behind an nginx that runs with the configuration of this example, on other ports and in other folders. */
export interface ProxiedApplication {
  readonly application: Application;
  /** The certificate that nginx serves. */
  readonly web: Certificate;
  readonly trustAnchorsPem: string;
  readonly files: CertificateFiles;
  readonly folder: string;
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly app: number;
    readonly mtls: number;
    /** Where the application listens for everybody, without nginx. */
    readonly direct: number;
  };
  /** What `nginx -t` says of the configuration. */
  check(): Promise<{ readonly status: number | null; readonly output: string }>;
  close(): Promise<void>;
}

/** Starts both. */
export async function startProxiedApplication(): Promise<ProxiedApplication> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-deploy-'));
  const tls = join(folder, 'tls');
  const storage = new MemoryStorage();
  const application = createApplication({
    storage,
    keyring: LocalKeyring.generate(),
    origin: `https://${HOST}`,
    trustedProxies: ['127.0.0.1'],
    clientCertificate: { name: 'x-client-cert', format: 'nginx' },
  });
  const { authority, certificates } = application;
  const { root } = await authority.bootstrap({
    organization: 'Example',
    passphrase: 'fifteen characters or more',
    saveRoot: async () => undefined,
  });
  root.close();
  const web = await certificates.create({ name: 'web', subjectAltNames: [HOST, MTLS_HOST] });

  // Behind nginx both ports believe the header, so that nothing but nginx's own settings keeps a forged one out.
  const { handler, mtlsHandler } = application;
  const servers = [mtlsHandler, mtlsHandler, handler].map((each) => createServer(toNodeListener(each)));
  const [app, mtls, direct] = (await Promise.all(servers.map(listening))) as [number, number, number];
  const [http, https] = (await freePorts(2)) as [number, number];
  const ports = { http, https, app, mtls, direct };
  await writeConfiguration(folder, tls, ports);
  const nginx = ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')] as const;

  let running: ChildProcess | undefined;
  const files = new CertificateFiles({
    certificates,
    authority,
    folder: tls,
    names: ['web'],
    reload: async () => {
      if (running === undefined) return;
      await reloadCommand([tool('nginx'), ...nginx, '-s', 'reload'])();
    },
    onError: (error) => console.error(error),
  });
  await files.start();
  running = spawn(tool('nginx'), nginx, { stdio: 'ignore' });
  await accepting(https, running);
  return {
    application,
    web,
    trustAnchorsPem: await authority.trustAnchorsPem(),
    files,
    folder: tls,
    ports,
    check: () => runAsync('nginx', [...nginx, '-t']),
    async close() {
      await files.stop();
      await certificates.close();
      running?.kill('SIGQUIT');
      if (running?.exitCode === null) await once(running, 'exit');
      for (const server of servers) server.close().closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The files of the example as they are, but for ports and places. */
async function writeConfiguration(folder: string, tls: string, ports: ProxiedApplication['ports']): Promise<void> {
  const here = join(folder, 'nginx');
  await mkdir(here);
  for (const name of ['chancery.conf', 'proxy.conf', 'tls.conf']) {
    await cp(join(NGINX, name), join(here, name));
    const text = (await readFile(join(here, name), 'utf8'))
      .replaceAll('/etc/nginx/chancery/', `${here}/`)
      .replaceAll('/var/lib/chancery/tls', tls)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${ports.app}`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${ports.mtls}`)
      .replaceAll('listen 80;', `listen 127.0.0.1:${ports.http};`)
      .replaceAll('listen 443 ', `listen 127.0.0.1:${ports.https} `);
    await writeFile(join(here, name), text);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path ${folder}/${each};`,
  );
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  include ${here}/chancery.conf;
}
`,
  );
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (child.exitCode === null && Date.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('nginx does not accept connections');
}
