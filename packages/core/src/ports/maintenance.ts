/** A chore that a manager or a storage offers: sweeping, re-signing, re-sealing. A scheduler leases and runs it. */
export interface MaintenanceTask {
  /** Unique within the application, such as `authority:internal:crl`. */
  readonly name: string;
  /**
   * Does a bounded piece of the work.
   *
   * @param options.limit - how many items to treat at the most
   * @returns whether more is waiting, and when the next run is due (epoch milliseconds)
   */
  run(options: {
    readonly limit: number;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly more: boolean; readonly nextDueAt: number }>;
}
