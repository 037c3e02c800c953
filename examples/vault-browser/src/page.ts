import { openRecordStream, parseKey, webCryptoPrimitives } from '@chancery/core/vault';

const primitives = webCryptoPrimitives(crypto);
const form = document.querySelector('form') as HTMLFormElement;
const status = document.querySelector('#status') as HTMLElement;
const content = document.querySelector('#content') as HTMLElement;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void open(new FormData(form));
});

/** Fetches the sealed record, and decrypts it as it comes. The key stays on this page. */
async function open(fields: FormData): Promise<void> {
  const text = (name: string): string => String(fields.get(name));
  content.textContent = '';
  status.textContent = 'Opening …';
  try {
    const key = parseKey(text('key'));
    const [namespace, owner, record, version] = [
      text('namespace'),
      text('owner'),
      text('record'),
      Number(text('version')),
    ];
    const response = await fetch(`/sealed/${encodeURIComponent(record)}`);
    if (!response.ok || response.body === null) throw new Error(`The server answered ${response.status}`);
    const place = { namespace, owner, record, version, keyMode: 'user' } as const;
    const pieces = openRecordStream(primitives, { key, place }, response.body);
    const found: Uint8Array[] = [];
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) found.push(next.value);
    // Shown once all of it has come: a record that was cut off is an error, and no shorter record.
    content.textContent = await new Blob(found as BlobPart[]).text();
    status.textContent = `${next.value.contentLength} bytes of ${next.value.contentType ?? 'no stated type'}`;
  } catch (error) {
    status.textContent = `Not opened: ${(error as Error).message}`;
  }
}
