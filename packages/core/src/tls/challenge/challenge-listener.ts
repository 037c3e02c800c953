import type { Server, Socket } from 'node:net';
import type { Timer } from '../../ports/timer.ts';
import { ACME_TLS, type ChallengeResponder } from './challenge-responder.ts';
import { peekClientHello } from './peek.ts';

type ConnectionListener = (this: Server, socket: Socket) => void;

/** How long a client has for its ClientHello, in milliseconds. */
const HELLO_MS = 10_000;

/**
 * Puts itself before a server: connections for tls-alpn-01 go to the responder, all others to whom they went before.
 *
 * Which protocols a client offers is known only after its certificate was chosen, so that an SNICallback comes too early to tell.
 *
 * @param server a TLS, HTTPS or HTTP/2 server, listening or not
 * @returns takes it away again
 */
export function listenForChallenges(server: Server, responder: ChallengeResponder, timer: Timer): () => void {
  const before = server.listeners('connection') as ConnectionListener[];
  const waiting = new Set<() => void>();
  let isTakenAway = false;
  const passOn = (socket: Socket) => {
    for (const listener of before) listener.call(server, socket);
  };
  const onConnection = (socket: Socket) => {
    if (isTakenAway) {
      passOn(socket);
      return;
    }
    const cutOff = peekClientHello(socket, timer, HELLO_MS, (hello) => {
      waiting.delete(cutOff);
      // A validation offers this protocol and no other (RFC 8737 section 3).
      if (hello?.protocols.length === 1 && hello.protocols[0] === ACME_TLS) {
        void responder.answer(socket, hello.serverName);
      } else {
        passOn(socket);
      }
    });
    waiting.add(cutOff);
    socket.once('close', () => waiting.delete(cutOff));
  };
  for (const listener of before) server.off('connection', listener);
  server.on('connection', onConnection);
  return () => {
    isTakenAway = true;
    // Where another stands before this one, connections come through that one, and are passed on.
    if (server.listeners('connection').includes(onConnection)) {
      server.off('connection', onConnection);
      for (const listener of before) server.on('connection', listener);
    }
    for (const cutOff of waiting) cutOff();
  };
}
