/** A value that is nobody's to change, down to its last member. */
export type Unchanging<T> = T extends object ? { readonly [K in keyof T]: Unchanging<T[K]> } : T;

/** A document of a typed collection. */
export interface Entry<T> {
  readonly id: string;
  /** Good for equality only: hand it back as `ifVersion`. */
  readonly version: string;
  readonly value: T;
  readonly bytes?: Uint8Array;
  /** Epoch milliseconds; from then on the document is absent. */
  readonly expiresAt?: number;
  /** Epoch milliseconds; from then on it can be claimed. */
  readonly dueAt?: number;
}
