import { z } from 'zod';

/** The `signal` that the options of a call may hold: what ends the waiting. */
export const abortSignal = z
  .custom<AbortSignal>((value) => value instanceof AbortSignal, 'expected an AbortSignal')
  .optional();
