import type { Answer } from './answer.ts';

interface Kept {
  readonly marks: readonly string[];
  readonly answer: Answer;
}

/** How many answers are kept. */
const KEPT = 1_024;
/** What is longer is written anew each time, so that few large ones do not fill the memory. */
const LONGEST = 8_192;
const utf8 = new TextEncoder();

/**
 * Answers with resources that are read again and again. An answer is given again only while the marks of the resource are what they were when it was
 * written: there is nothing to invalidate.
 */
export class KeptJson {
  readonly #kept = new Map<string, Kept>();

  /** How many answers are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Answers with a resource.
   *
   * @param id - names the resource; one answer is kept for each
   * @param marks - as many each time; whatever shows the resource as another has other marks, such as the version of its document
   * @param make - makes the answer, of text
   */
  answer(id: string, marks: readonly string[], make: () => Answer): Answer {
    const kept = this.#kept.get(id);
    if (kept !== undefined && marks.every((mark, at) => mark === kept.marks[at])) return kept.answer;
    const answer = make();
    this.#kept.delete(id);
    if (typeof answer.body !== 'string' || answer.body.length > LONGEST) return answer;
    if (this.#kept.size >= KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    const measured = { ...answer, length: utf8.encode(answer.body).length };
    this.#kept.set(id, { marks, answer: measured });
    return measured;
  }
}
