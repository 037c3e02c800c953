import { type ClientHello, readClientHello } from './client-hello.ts';

/** The largest ClientHello that is read here; larger ones are for the server to judge. */
const MOST_OCTETS = 16_384;
const RECORD_HEADER = 5;
const MOST_IN_RECORD = 16_384;
const HANDSHAKE = 22;
const MESSAGE_HEADER = 4;

/** Puts a ClientHello together from the pieces in which it arrives: records in any number of chunks, a message in any number of records. */
export class ClientHelloReader {
  readonly #header = new Uint8Array(RECORD_HEADER);
  #inHeader = 0;
  /** How much of the present record is still to come. */
  #inRecord = 0;
  #message = new Uint8Array(512);
  #length = 0;

  /**
   * Reads the next bytes.
   *
   * @returns `more` while it is not complete, else what it says; `other` for what is no ClientHello, or too large a one
   */
  push(chunk: Uint8Array): ClientHello | 'more' | 'other' {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inRecord === 0) {
        this.#header[this.#inHeader++] = chunk[at++] as number;
        if (this.#inHeader === RECORD_HEADER && !this.#beginRecord()) return 'other';
        continue;
      }
      const part = chunk.subarray(at, at + this.#inRecord);
      if (this.#length + part.length > MOST_OCTETS) return 'other';
      this.#append(part);
      at += part.length;
      this.#inRecord -= part.length;
      const result = this.#whole();
      if (result !== 'more') return result;
    }
    return 'more';
  }

  /** @returns whether it is a record that a ClientHello may lie in */
  #beginRecord(): boolean {
    const [type, major, , high = 0, low = 0] = this.#header;
    this.#inHeader = 0;
    this.#inRecord = high * 256 + low;
    return type === HANDSHAKE && major === 3 && this.#inRecord > 0 && this.#inRecord <= MOST_IN_RECORD;
  }

  #append(part: Uint8Array): void {
    if (this.#length + part.length > this.#message.length) {
      const larger = new Uint8Array(Math.max(2 * this.#message.length, this.#length + part.length));
      larger.set(this.#message.subarray(0, this.#length));
      this.#message = larger;
    }
    this.#message.set(part, this.#length);
    this.#length += part.length;
  }

  #whole(): ClientHello | 'more' | 'other' {
    if (this.#length < MESSAGE_HEADER) return 'more';
    const [, high = 0, middle = 0, low = 0] = this.#message;
    const length = MESSAGE_HEADER + high * 65_536 + middle * 256 + low;
    if (length > MOST_OCTETS) return 'other';
    if (this.#length < length) return 'more';
    return readClientHello(this.#message.subarray(0, length)) ?? 'other';
  }
}
