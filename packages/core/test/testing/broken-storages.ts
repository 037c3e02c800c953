import { claimDefects } from './broken/claim.ts';
import { commitDefects } from './broken/commit.ts';
import { expiryDefects } from './broken/expiry.ts';
import { lifeDefects } from './broken/life.ts';
import { queryDefects } from './broken/query.ts';
import type { BrokenStorage } from './broken/sabotage.ts';
import { throttleDefects } from './broken/throttle.ts';
import { uniqueDefects } from './broken/unique.ts';
import { valueDefects } from './broken/values.ts';

/** Adapters with one defect each. */
export const BROKEN_STORAGES: readonly BrokenStorage[] = [
  ...commitDefects,
  ...claimDefects,
  ...expiryDefects,
  ...queryDefects,
  ...uniqueDefects,
  ...throttleDefects,
  ...valueDefects,
  ...lifeDefects,
];
