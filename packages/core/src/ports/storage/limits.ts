const KIB = 1024;
const MIB = 1024 * KIB;

/** The limits of the storage contract, the same on every backend. Past them: `STORAGE_TOO_LARGE`, and nothing is written. */
export const STORAGE_LIMITS = Object.freeze({
  /** Bytes of an id in UTF-8. */
  idBytes: 400,
  /** Bytes of a version in UTF-8. */
  versionBytes: 128,
  /** Bytes of a pinned or unique string, a queue or a throttle key in UTF-8. */
  indexedStringBytes: 512,
  /** Bytes of a document's `data`: the UTF-8 length of `JSON.stringify(data)`. */
  dataBytes: 256 * KIB,
  /** Containers within one another in `data`, which is itself the first. */
  dataDepth: 32,
  /** Bytes of a document's `bytes`. */
  bytesBytes: MIB,
  /** Writes in a commit. */
  commitWrites: 256,
  /** `data` and `bytes` of all puts of a commit together. */
  commitBytes: 4 * MIB,
  /** References in a `get`. */
  getRefs: 1000,
  /** Documents on a page or in a claim. */
  pageDocuments: 1000,
  /** `data` and `bytes` of all documents on a page together. */
  pageBytes: 4 * MIB,
  /** Requests in a `throttle`. */
  throttleRequests: 100,
  /** Indexes, and unique constraints, in one definition. */
  indexesPerCollection: 8,
  /** Fields that an index pins or a constraint joins. */
  fieldsPerIndex: 4,
});
