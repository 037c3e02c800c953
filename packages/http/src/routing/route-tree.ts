import { HttpProblem } from '../problems/http-problem.ts';
import type { Method, Operation } from './operation.ts';

/** What a path leads to: an operation for each method, and the values of the parameters, still encoded. */
export interface RouteMatch<T> {
  readonly methods: ReadonlyMap<Method, T>;
  readonly values: readonly string[];
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  rest: Node<T> | undefined;
  readonly methods: Map<Method, T>;
}

/** Finds operations by path, a segment at a time. Literals go before parameters, and a slash at the end makes another path. */
export class RouteTree<T> {
  readonly #root: Node<T> = newNode();
  readonly #static = new Map<string, ReadonlyMap<Method, T>>();

  /** Adds a route. @throws {TypeError} two operations have one method and path: a defect */
  add({ method, path }: Pick<Operation, 'method' | 'path'>, target: T): void {
    let node = this.#root;
    for (const segment of path.slice(1).split('/')) node = childFor(node, segment);
    if (node.methods.has(method)) throw new TypeError(`two operations at ${method} ${path}`);
    node.methods.set(method, target);
    if (!path.includes('{')) this.#static.set(path, node.methods);
  }

  /** What a path leads to; undefined where it leads nowhere. */
  find(path: string): RouteMatch<T> | undefined {
    const methods = this.#static.get(path);
    if (methods !== undefined) return { methods, values: [] };
    // `*x` and `http://host/x` are targets too, and no paths.
    if (!path.startsWith('/')) return undefined;
    const values: string[] = [];
    let node = this.#root;
    for (let start = 1, end = 0; end < path.length; start = end + 1) {
      end = path.indexOf('/', start);
      if (end < 0) end = path.length;
      const segment = path.slice(start, end);
      const literal = node.literals.get(segment);
      if (literal !== undefined) {
        node = literal;
      } else if (segment !== '' && node.parameter !== undefined) {
        values.push(segment);
        node = node.parameter;
      } else if (node.rest !== undefined) {
        values.push(path.slice(start));
        return { methods: node.rest.methods, values };
      } else {
        return undefined;
      }
    }
    return node.methods.size === 0 ? undefined : { methods: node.methods, values };
  }
}

/** The parameters that a path template names, in order. */
export function parameterNames(path: string): string[] {
  return [...path.matchAll(/\{\+?([A-Za-z]+)\}/g)].map(([, name]) => name as string);
}

/** @throws {HttpProblem} TARGET_INVALID: a parameter is not percent-encoded UTF-8, or holds NUL */
export function decodeSegment(value: string): string {
  if (!value.includes('%')) return value;
  let decoded: string | undefined;
  try {
    decoded = decodeURIComponent(value);
  } catch {
    // Told below.
  }
  if (decoded === undefined || decoded.includes('\0')) {
    throw new HttpProblem('TARGET_INVALID', 'A segment of the path is not percent-encoded UTF-8, or holds NUL');
  }
  return decoded;
}

function childFor<T>(node: Node<T>, segment: string): Node<T> {
  if (segment.startsWith('{+')) {
    node.rest ??= newNode();
    return node.rest;
  }
  if (segment.startsWith('{')) {
    node.parameter ??= newNode();
    return node.parameter;
  }
  const child = node.literals.get(segment) ?? newNode();
  node.literals.set(segment, child);
  return child;
}

function newNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, rest: undefined, methods: new Map() };
}
