import type { ClientContext } from '../client/client-context.ts';
import type { CheckedRequest } from './checked-request.ts';
import type { IssuerContext } from './issuer-context.ts';
import type { OrderLease } from './order-lease.ts';

/** One instance's work on one order, from taking the turn to giving it back. */
export interface OrderRun {
  readonly context: IssuerContext;
  readonly request: CheckedRequest;
  readonly lease: OrderLease;
  /** Whether no order can have been placed for the request before this run. */
  readonly isFirst: boolean;
  /** URLs of the challenges that this run has told the server of. */
  readonly answered: Set<string>;
  client(): Promise<ClientContext>;
}

/** Where one pass over an order has got to: done, or how long to wait before the next, in milliseconds, where the server or a solver says. */
export type OrderStep = { readonly chainPem: string } | { readonly waitMs: number | undefined };
