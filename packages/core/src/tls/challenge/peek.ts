import type { Socket } from 'node:net';
import type { Timer } from '../../ports/timer.ts';
import type { ClientHello } from './client-hello.ts';
import { ClientHelloReader } from './client-hello-reader.ts';

/**
 * Reads the ClientHello of a connection, and puts it back, so that whoever handles the connection next reads it as if nobody had.
 *
 * @param ms how long the client has for all of it, in milliseconds, however it portions it out: then it is cut off
 * @param done is called with what the hello says, or undefined where it is none; never for a connection that ended before
 * @returns cuts it off, if it still waits
 */
export function peekClientHello(
  socket: Socket,
  timer: Timer,
  ms: number,
  done: (hello: ClientHello | undefined) => void,
): () => void {
  const reader = new ClientHelloReader();
  const chunks: Uint8Array[] = [];
  const callOff = timer(ms, () => socket.destroy());
  const leave = () => {
    callOff();
    socket.off('data', onData).off('end', destroy).off('error', destroy).off('close', leave);
  };
  const destroy = () => void socket.destroy();
  const onData = (chunk: Uint8Array) => {
    chunks.push(chunk);
    const result = reader.push(chunk);
    if (result === 'more') return;
    leave();
    socket.pause();
    // From the last to the first, since each goes before what is there.
    for (const each of chunks.reverse()) socket.unshift(each);
    done(result === 'other' ? undefined : result);
  };
  socket.on('data', onData).on('end', destroy).on('error', destroy).on('close', leave);
  return destroy;
}
