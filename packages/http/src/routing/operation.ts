import type { z } from 'zod';
import type { Answer } from '../exchange/answer.ts';
import type { Access } from './access.ts';
import type { Call } from './call.ts';

/** The methods that operations have; HEAD and OPTIONS follow from them. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What the body of a PATCH may be: JSON, or a merge patch by its name (RFC 7396). */
export const MERGE_PATCH_TYPES = ['application/json', 'application/merge-patch+json'] as const;

/** What an operation takes as its body. */
export type BodySpec<B = unknown> =
  /** JSON that fits a schema; `optional`: nothing at all is taken for `{}`. */
  | {
      readonly kind: 'json';
      readonly schema: z.ZodType<B>;
      readonly types?: readonly string[];
      readonly optional?: boolean;
      /** In bytes. Default: the option `bodyLimit`. */
      readonly limit?: number;
    }
  /** Bytes of one type. */
  | { readonly kind: 'bytes'; readonly type: string; readonly limit: number }
  /** Bytes of any type, piece by piece. */
  | { readonly kind: 'stream' };

/** One kind of answer. */
export interface AnswerSpec {
  readonly description: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType;
  /** Of an answer that is not JSON, or not always. */
  readonly type?: string | readonly string[];
  /** Headers that matter to the client, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an operation does beside its handler. */
export interface OperationTraits {
  /**
   * Sent again under the same `Idempotency-Key`, it gives the same answer and does nothing a second time. `atomic`: it is one commit, which happens
   * or not; `stepwise`: of one that failed in the middle something may be there.
   */
  readonly idempotent?: 'atomic' | 'stepwise';
  /** Its answers carry an ETag, and `If-None-Match` is honored. */
  readonly tagged?: boolean;
  /** The conditions on a change that are honored. */
  readonly conditional?: readonly ('if-match' | 'if-none-match')[];
  /** Whose requests are counted; by default those of accounts where one is known, and none where not. `ocsp`: an address’s, by themselves. */
  readonly rate?: 'account' | 'address' | 'ocsp' | 'none';
  /** Reading changes something, or streams: HEAD is no method of it. */
  readonly noHead?: boolean;
}

/** One operation of the API: all that is known of it. The router, the OpenAPI document and the list of routes are made from it. */
export interface Operation<P = unknown, Q = unknown, B = unknown> extends OperationTraits {
  /** The operationId: unique, in camel case. */
  readonly id: string;
  /** The resource that it belongs to. */
  readonly tag: string;
  readonly method: Method;
  /** With parameters in braces, one a segment; `{+name}` at the end takes the rest of the path. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** Headers of the request, by name, in words. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodySpec<B>;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  handle(call: Call<P, Q, B>): Promise<Answer>;
}

/** Defines an operation: its handler's types follow from its schemas. */
export function operation<P, Q, B>(definition: Operation<P, Q, B>): Operation {
  return definition as Operation;
}
