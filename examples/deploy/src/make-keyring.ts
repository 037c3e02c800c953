import { openKeyring } from '../../express-server/src/keyring.ts';

/** Makes the keys that seal everything, for a secret manager to keep: `make-keyring.ts FILE`. A file that is there is left as it is. */
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('make-keyring.ts FILE');
await openKeyring(file);
