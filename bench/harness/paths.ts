import { join } from 'node:path';

/** Put in by the bundler: code runs from a cache, sources and packages lie elsewhere. */
declare const BENCH_FOLDER: string;

/** The sources of the peers outside JavaScript. */
export const PEER_SOURCES: string = join(BENCH_FOLDER, 'peers');

/** Where compiled peers and builds go; safe to delete. */
export const CACHE: string = join(BENCH_FOLDER, 'node_modules', '.cache', 'chancery-bench');

/** The packages of the workspace. */
export const PACKAGES: string = join(BENCH_FOLDER, '..', 'packages');
