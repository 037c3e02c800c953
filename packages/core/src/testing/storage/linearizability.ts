/** A call and its answer, with the instants of a logical clock between which it took effect. */
export interface HistoryEvent<Call, Answer> {
  readonly call: Call;
  readonly answer: Answer;
  readonly invoked: number;
  readonly returned: number;
}

/**
 * Whether some order of the calls, in which no call comes before one that had returned when it was invoked, explains every
 * answer. The search of Wing and Gong (1993), with the memory of states that Lowe (2017) adds.
 *
 * @param apply - the state after a call, or `undefined` where the answer does not fit
 */
export function findLinearization<State, Call, Answer>(
  history: readonly HistoryEvent<Call, Answer>[],
  initial: State,
  apply: (state: State, call: Call, answer: Answer) => State | undefined,
): boolean {
  const failed = new Set<string>();
  const search = (left: readonly HistoryEvent<Call, Answer>[], state: State): boolean => {
    if (left.length === 0) return true;
    const memory = `${left.map(({ invoked }) => invoked).join()}|${JSON.stringify(state)}`;
    if (failed.has(memory)) return false;
    const firstReturn = Math.min(...left.map(({ returned }) => returned));
    for (const event of left) {
      if (event.invoked > firstReturn) continue;
      const next = apply(state, event.call, event.answer);
      if (next !== undefined && search(without(left, event), next)) return true;
    }
    failed.add(memory);
    return false;
  };
  return search([...history], initial);
}

function without<T>(items: readonly T[], gone: T): T[] {
  return items.filter((item) => item !== gone);
}
