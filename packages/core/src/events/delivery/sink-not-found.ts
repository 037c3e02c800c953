import { NotFoundError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';

/** Makes the error for a sink that has no place in the log. */
export function sinkNotFound(name: string): NotFoundError {
  const facts = typeof name === 'string' ? { sink: name.slice(0, 255) } : {};
  return new NotFoundError('SINK_NOT_FOUND', `There is no sink ${quote(name)}`, { facts });
}
