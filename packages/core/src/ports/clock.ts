/** Where time comes from. Injected everywhere, so that years pass in a test within milliseconds. */
export interface Clock {
  /** The present instant in milliseconds since the Unix epoch. */
  now(): number;
}
