import { type Answer, type AnswerOptions, jsonText } from './answer.ts';

interface Kept {
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  readonly text: string;
}

/** How many texts are kept. */
const KEPT = 1_024;
/** What is longer is written anew each time, so that few large ones do not fill the memory. */
const LONGEST = 8_192;

/**
 * The JSON of resources that are read again and again. A text is used again only while every field is what it was when the text was written, however the
 * fields came about: there is nothing to invalidate.
 */
export class KeptJson {
  readonly #kept = new Map<string, Kept>();

  /** How many texts are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Answers with JSON, as `json` does.
   *
   * @param id - names the resource; one text is kept for each
   * @param shown - the instants and lists in it are kept, and must not change afterwards
   */
  answer(id: string, shown: object, options: AnswerOptions = {}): Answer {
    return jsonText(this.#text(id, shown), options);
  }

  #text(id: string, shown: object): string {
    const kept = this.#kept.get(id);
    if (kept !== undefined && isSame(kept, shown)) return kept.text;
    const text = JSON.stringify(shown);
    this.#kept.delete(id);
    if (text.length > LONGEST) return text;
    if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(id, { names: Object.keys(shown), values: Object.values(shown), text });
    return text;
  }
}

function isSame({ names, values }: Kept, shown: object): boolean {
  const now = Object.keys(shown);
  if (now.length !== names.length) return false;
  for (let at = 0; at < now.length; at++) {
    const name = now[at] as keyof typeof shown;
    if (name !== names[at] || !isSameValue(values[at], shown[name])) return false;
  }
  return true;
}

/** Other objects than instants and lists count as different: none is looked into for the sake of a text. */
function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, at) => each === b[at]);
}
