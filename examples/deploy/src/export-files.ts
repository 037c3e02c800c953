import { readFile } from 'node:fs/promises';
import { CertificateFiles } from './certificate-files.ts';
import { replaceFile } from './files/replace-file.ts';
import { openApplication } from './open-application.ts';
import { reloadCommand } from './reload-command.ts';

const { application, settings, close } = await openApplication(process.env);
const { certificates, authority } = application;
if (settings.files === undefined) throw new Error('CHANCERY_TLS_FOLDER is missing');
const { folder, names, reload, traefik } = settings.files;

const files = new CertificateFiles({
  certificates,
  authority,
  folder,
  names,
  reload: async () => {
    if (traefik !== undefined) await renewConfiguration(traefik);
    if (reload !== undefined) await reloadCommand(reload)();
  },
  onError: (error) => console.error(error instanceof AggregateError ? error.errors.map(String).join('\n') : error),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => files.stop().then(close));
await files.start();

/** Traefik reads certificates when it reads its configuration, and reads that when the file is another one. */
async function renewConfiguration(file: string): Promise<void> {
  const { host } = new URL(settings.origin);
  const text = await readFile(new URL('../traefik/dynamic.yaml', import.meta.url), 'utf8');
  await replaceFile(file, text.replaceAll('app.localhost', host), { mode: 0o644 });
}
