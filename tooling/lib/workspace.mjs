import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the whole workspace. */
export const workspace = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
