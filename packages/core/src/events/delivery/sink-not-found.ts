import { NotFoundError } from '../../errors/families.ts';

/** Makes the error for a sink that has no place in the log. */
export function sinkNotFound(name: string): NotFoundError {
  const told = String(name).slice(0, 255);
  return new NotFoundError('SINK_NOT_FOUND', `There is no sink ${JSON.stringify(told)}`, { facts: { sink: told } });
}
