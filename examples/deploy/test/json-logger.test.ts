import { expect, it } from 'vitest';
import { jsonLogger, type LogLevel } from '../src/json-logger.ts';

const now = () => new Date(0);

function linesAt(level: LogLevel): Record<string, unknown>[] {
  const lines: string[] = [];
  const logger = jsonLogger({ level, now, write: (line) => lines.push(line) });
  for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name](`a ${name}`);
  return lines.map((line) => JSON.parse(line));
}

/** S3-8: logging is configurable. */
it('writes what its level lets through, a line each', () => {
  const levels = (['debug', 'info', 'warn', 'error', 'silent'] as const).map((level) => linesAt(level).length);
  expect(levels).toEqual([4, 3, 2, 1, 0]);
  expect(linesAt('error')).toEqual([{ time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'a error' }]);
});

it('writes facts, errors with their causes, and no line that breaks', () => {
  const lines: string[] = [];
  const logger = jsonLogger({ level: 'info', now, write: (line) => lines.push(line) });
  const cause = Object.assign(new Error('refused\nby\u2028the server'), { code: 'ECONNREFUSED' });
  logger.warn('it failed', { error: new Error('no answer', { cause }), serial: 12n, level: 'forged', time: 'forged' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  expect(JSON.parse(lines[0] as string)).toEqual({
    error: {
      name: 'Error',
      message: 'no answer',
      cause: { name: 'Error', message: cause.message, code: 'ECONNREFUSED' },
    },
    serial: '12',
    time: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    message: 'it failed',
  });
});
