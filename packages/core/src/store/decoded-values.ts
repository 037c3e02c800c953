import type { JsonObject } from '../ports/storage.ts';

/**
 * What records say that were read before. A backend in memory hands out the same data, frozen at every level, until the document is replaced: what
 * was checked once needs no second check, only a copy, since whoever reads a value may change it.
 */
export class DecodedValues<T extends object> {
  readonly #values = new WeakMap<JsonObject, T>();

  /** What the data was found to say, which is nobody's to change; undefined where it was not looked at, or may have changed since. */
  shared(data: JsonObject): T | undefined {
    return this.#values.get(data);
  }

  /** A fresh copy of what the data was found to say; undefined where it was not looked at, or may have changed since. */
  recall(data: JsonObject): T | undefined {
    const value = this.#values.get(data);
    return value && (copyOf(value) as T);
  }

  /** Remembers what data says, unless the data can change. Gives the value, for whoever reads it to have to themselves. */
  remember(data: JsonObject, value: T): T {
    if (!isFrozen(data)) return value;
    this.#values.set(data, value);
    return copyOf(value) as T;
  }
}

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}

/** Copies JSON. A spread copies an object at once: what it holds is looked at afterwards. */
function copyOf(value: object): object {
  if (Array.isArray(value)) return value.map((each) => (isObject(each) ? copyOf(each) : each));
  const copy: Record<string, unknown> = { ...value };
  for (const name of Object.keys(copy)) {
    const member = copy[name];
    if (isObject(member)) replace(copy, name, copyOf(member));
  }
  return copy;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A member called `__proto__` is one like any other. */
function replace(object: Record<string, unknown>, name: string, value: object): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value });
  else object[name] = value;
}
