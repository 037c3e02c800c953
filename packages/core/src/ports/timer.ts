/** Calls back after so many milliseconds. @returns a function that calls it off */
export type Timer = (ms: number, callback: () => void) => () => void;
