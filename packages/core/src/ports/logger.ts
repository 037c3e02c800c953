/** Facts that go with a log line. The SDK puts no secret into them. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger: pino, winston and `console` fit with a line of glue. Without one the SDK is silent. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
