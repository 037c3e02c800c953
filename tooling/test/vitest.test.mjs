import { describe, expect, it } from 'vitest';
import { countsOf, Tally } from '../vitest.mjs';

const file = (status, ...tests) => ({ status, assertionResults: tests.map((test) => ({ status: test })) });
const report = (testResults) => {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const count = (status) => all.filter((one) => one === status).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults,
  };
};

describe('countsOf', () => {
  it('counts tests by their outcome', () => {
    const files = [file('passed', 'passed', 'pending', 'todo'), file('failed', 'passed', 'failed')];
    expect(countsOf(report(files))).toEqual({ passed: 2, failed: 1, skipped: 2, files: 2 });
  });

  it('counts a file that does not load as a failure', () => {
    expect(countsOf(report([file('failed'), file('passed', 'passed')]))).toMatchObject({ passed: 1, failed: 1 });
  });

  it('counts a file whose tests pass and whose hooks fail as a failure', () => {
    expect(countsOf(report([file('failed', 'passed')]))).toMatchObject({ passed: 1, failed: 1 });
  });
});

describe('Tally', () => {
  it('adds up runs and prints the line that ends npm test', () => {
    const tally = new Tally();
    tally.add({ passed: 2, failed: 0, skipped: 1 });
    tally.add({ passed: 3, failed: 1, skipped: 0 });
    expect(String(tally)).toBe('5 passed, 1 failed, 1 skipped');
  });
});
