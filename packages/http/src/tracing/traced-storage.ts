import type { StorageBackend } from '@chancery/core';
import type { CommitResult } from '@chancery/core/ports';
import { aroundStorage } from '../observation/around-storage.ts';
import type { Spans } from './spans.ts';

/** The same storage with a span over each operation. It tells of collections and numbers, never of what is stored or where. */
export function tracedStorage(spans: Spans, storage: StorageBackend): StorageBackend {
  const { namespace } = storage;
  return aroundStorage(storage, ({ operation, collections, documents }, run) => {
    const [collection, ...others] = collections;
    const target = others.length === 0 ? collection : undefined;
    const attributes = {
      'db.system.name': 'chancery',
      'db.namespace': namespace,
      'db.operation.name': operation,
      ...(target !== undefined && { 'db.collection.name': target }),
      ...(documents > 1 && { 'db.operation.batch.size': documents }),
    };
    return spans.inside(target === undefined ? operation : `${operation} ${target}`, attributes, async (span) => {
      const result = await run();
      if (operation !== 'commit') return result;
      const committing = result as CommitResult;
      if (!committing.committed) span.setAttribute('chancery.conflict', committing.conflict.reason);
      return result;
    });
  });
}
