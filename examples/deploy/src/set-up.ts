import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openApplication } from './open-application.ts';

/** Once, before the first instance starts: the root's file, the first intermediate, the proxy's certificate, somebody who may do everything. */
const { values } = parseArgs({
  options: {
    organization: { type: 'string', default: 'Example' },
    root: { type: 'string' },
    'passphrase-file': { type: 'string' },
    names: { type: 'string' },
    admin: { type: 'string' },
  },
});
const { organization, root: file, 'passphrase-file': passphraseFile, names, admin } = values;
if (file === undefined || passphraseFile === undefined || names === undefined || admin === undefined) {
  throw new Error(
    'set-up.ts --root FILE --passphrase-file FILE --names app.example,mtls.app.example --admin LOGIN [--organization NAME]',
  );
}

const { application, close } = await openApplication(process.env);
const { authority, accounts, certificates } = application;
const { root } = await authority.bootstrap({
  organization,
  passphrase: (await readFile(passphraseFile, 'utf8')).trim(),
  // A root that is there already is never written over.
  saveRoot: (content) => writeFile(file, content, { mode: 0o600, flag: 'wx' }),
});
console.log(root.certificatePem);
root.close();
await certificates.create({ name: 'web', subjectAltNames: names.split(',').map((name) => name.trim()) });
const password = randomBytes(20).toString('base64url');
await accounts.create({ login: admin, password, roles: ['admin'] });
console.log(`Take ${file} off this machine. ${admin} logs in with ${password}`);
await close();
