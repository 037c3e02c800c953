import { accessInWords } from './access.ts';
import type { Method, Operation } from './operation.ts';

/** One route, for a listing. */
export interface RouteDescription {
  readonly method: Method;
  readonly path: string;
  /** The operationId. */
  readonly operation: string;
  /** Who may use it: `public`, `signed in`, a permission, or `owner or` a permission. */
  readonly access: string;
  readonly summary: string;
}

/** Lists routes by path and method. */
export function describeRoutes(operations: readonly Operation[], basePath: string): RouteDescription[] {
  return operations
    .map(({ method, path, id, access, summary }) => ({
      method,
      path: templateOf(basePath, { path }),
      operation: id,
      access: accessInWords(access),
      summary,
    }))
    .sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
}

/** The template of an operation's path, as clients see it. */
export function templateOf(basePath: string, { path }: Pick<Operation, 'path'>): string {
  return basePath + path.replace('{+', '{');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
