// A program, and no function for the runner: TypeDoc is at work for long without a pause, in which the runner would read nothing of what other steps
// write, and could stop none of them.
import { readReference } from './docs/reference.mjs';

try {
  const { names } = await readReference();
  console.log(`${names} names`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
