import { act, get, send } from '../api.js';
import { formDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { notify } from '../parts/notice.js';
import { Pages } from '../parts/pager.js';
import { empty, table } from '../parts/table.js';
import { byteCount } from '../parts/text.js';
import { instantCell, relativeTime } from '../parts/time.js';
import { openRecordDialog } from './open-record.js';
import { storeDialog } from './store-record.js';

const SIZE = 25;
const MODES = { user: 'Yours alone', managed: 'Kept by the server', dual: 'Yours and the server’s' };

/** The records of whoever is logged in. The server has neither their keys nor, for itself, a way to tell whose they are. */
export function records({ reload }) {
  const pages = new Pages();
  return {
    title: 'Records',
    actions: () => [
      h(
        'button',
        { type: 'button', class: 'primary', id: 'store-record', onclick: () => storeDialog(reload) },
        'Store a record',
      ),
    ],
    concerns: ({ event }) => event.type.startsWith('record.') || event.type.startsWith('owner.'),
    load: (signal) => get('/records', { limit: SIZE, cursor: pages.cursor }, signal),
    draw: (page) => [
      h(
        'p',
        { class: 'soft' },
        'Sealed records of your own. Those with a key of yours are decrypted on this page: the key does not leave it.',
      ),
      h(
        'section',
        { class: 'panel', 'aria-label': 'Records' },
        page.items.length === 0 ? empty('You have stored no records yet.') : list(page.items, reload),
        pages.controls(page, { size: SIZE, reload }),
      ),
    ],
  };
}

function list(items, reload) {
  return table({
    caption: 'Your records',
    rows: items,
    columns: [
      { heading: 'Record', header: true, cell: recordCell },
      { heading: 'Key', room: 'from-medium', cell: ({ keyMode }) => MODES[keyMode] ?? keyMode },
      { heading: 'Size', room: 'from-medium', cell: ({ contentLength }) => byteCount(contentLength) },
      { heading: 'Stored', room: 'from-wide', cell: ({ storedAt }) => instantCell(storedAt) },
      { heading: h('span', { class: 'visually-hidden' }, 'Actions'), cell: (record) => actions(record, reload) },
    ],
  });
}

function recordCell({ recordId, version, keyMode, contentType, contentLength, expiresAt }) {
  return [
    recordId,
    h('span', { class: 'under' }, `version ${version}`, contentType && `, ${contentType.split(';')[0]}`),
    h('span', { class: 'under until-medium' }, `${MODES[keyMode] ?? keyMode}, ${byteCount(contentLength)}`),
    expiresAt && h('span', { class: 'under' }, 'expires ', relativeTime(expiresAt)),
  ];
}

function actions(record, reload) {
  const { recordId } = record;
  const button = (verb, word, onclick) =>
    h(
      'button',
      {
        type: 'button',
        class: 'plain',
        'data-key': `${verb}-${recordId}`,
        'aria-label': `${word} ${recordId}`,
        onclick,
      },
      word,
    );
  return h(
    'span',
    { class: 'choices' },
    button('open', 'Open', () => openRecordDialog(record)),
    ' ',
    button('delete', 'Delete', () => deleteDialog(record, reload)),
  );
}

function deleteDialog({ recordId, version }, reload) {
  const path = `/records/${encodeURIComponent(recordId)}`;
  const restore = async () => {
    await act(`${path}/undelete`);
    notify(`${recordId} is back`);
    await reload();
  };
  formDialog(`Delete ${recordId}?`, {
    action: 'Delete it',
    danger: true,
    fields: [h('p', {}, `Version ${version} can be brought back for a day.`)],
    async send() {
      const response = await send(path, { method: 'DELETE' });
      if (!response.ok) throw new Error(`The server answered ${response.status}`);
      notify(`Deleted ${recordId}`, { word: 'Bring it back', act: restore });
      await reload();
    },
  });
}
