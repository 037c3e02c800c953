import { send } from '../api.js';
import { openDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { field, onSend } from '../parts/form.js';
import { byteCount } from '../parts/text.js';
import { answer } from '../session.js';

/** What is longer than this is not shown, only counted. */
const SHOWN_CHARACTERS = 20_000;

/** Opens a record: one with a key of the user's on this page, others on the server. */
export function openRecordDialog({ recordId, keyMode }) {
  openDialog(`Open ${recordId}`, (close) => {
    const shown = h('div', { role: 'status' });
    const key = h('input', {
      name: 'key',
      required: true,
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      class: 'mono',
    });
    const form = h(
      'form',
      { class: 'fields' },
      keyMode !== 'managed' && field('Key', key, keyMode === 'user' ? 'It stays on this page' : undefined),
      shown,
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'button', onclick: close }, 'Close'),
        h('button', { type: 'submit', class: 'primary' }, keyMode === 'user' ? 'Decrypt here' : 'Open'),
      ),
    );
    onSend(form, async (values) => {
      shown.replaceChildren();
      const read = keyMode === 'user' ? decryptHere : openThere;
      const { text, length, where } = await read(recordId, values.get('key')?.trim());
      const cut = text.length > SHOWN_CHARACTERS;
      shown.replaceChildren(
        h('p', { class: 'soft small' }, `${byteCount(length)}, decrypted ${where}`),
        h('pre', { tabindex: 0, 'aria-label': 'Content' }, cut ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text),
      );
    });
    return [form];
  });
}

/** Fetches the sealed bytes, and opens them by the vault's format, which the browser loads only for this. */
async function decryptHere(recordId, keyText) {
  const { openRecordStream, parseKey, webCryptoPrimitives } = await import('/dashboard/vault.js');
  const key = parseKey(keyText);
  const response = await send(`/records/${encodeURIComponent(recordId)}/sealed`);
  if (!response.ok) await answer(response);
  const place = JSON.parse(fromBase64Url(response.headers.get('record-place')));
  const pieces = openRecordStream(webCryptoPrimitives(crypto), { key, place }, response.body);
  const found = [];
  let next = await pieces.next();
  for (; !next.done; next = await pieces.next()) found.push(next.value);
  // Shown once all of it has come: a record that was cut off is an error, and no shorter record.
  const content = new Blob(found);
  return { text: await content.text(), length: content.size, where: 'in this browser' };
}

async function openThere(recordId, keyText) {
  const headers = keyText ? { 'record-key': keyText } : {};
  const response = await send(`/records/${encodeURIComponent(recordId)}`, { headers });
  if (!response.ok) await answer(response);
  const content = await response.blob();
  return { text: await content.text(), length: content.size, where: 'by the server' };
}

function fromBase64Url(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}
