import type { LogFields, Logger } from '@chancery/core';

/** The least that is written. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a `jsonLogger` works with. */
export interface JsonLoggerOptions {
  readonly level: LogLevel;
  /** Takes one line, without its end. Default: standard output. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

/** Writes a JSON object a line, as collectors of containers' logs read them. */
export function jsonLogger(options: JsonLoggerOptions): Logger {
  const { level, write = (line) => process.stdout.write(`${line}\n`), now = () => new Date() } = options;
  const least = LOG_LEVELS.indexOf(level);
  const at =
    (name: Exclude<LogLevel, 'silent'>) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(name) < least) return;
      write(JSON.stringify({ ...fields, time: now().toISOString(), level: name, message }, plainly));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An error as JSON would be an empty object. */
function plainly(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  const { name, message, cause } = value;
  const { code } = value as { code?: unknown };
  return { name, message, ...(code !== undefined && { code }), ...(cause !== undefined && { cause }) };
}
