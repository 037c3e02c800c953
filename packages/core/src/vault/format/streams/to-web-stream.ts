/**
 * Makes a Web Stream of a generator. It reads no further than it is asked to, and cancelling it aborts the signal, so that
 * a source which keeps the generator waiting is let go too.
 *
 * @param open starts the generator
 * @returns the stream
 * @example
 * const content = toWebStream(({ signal }) => openRecordStream(primitives, { key, place, signal }, response.body));
 */
export function toWebStream(
  open: (options: { readonly signal: AbortSignal }) => AsyncGenerator<Uint8Array, unknown, undefined>,
): ReadableStream<Uint8Array> {
  const stopper = new AbortController();
  const pieces = open({ signal: stopper.signal });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        stopper.abort(reason);
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
