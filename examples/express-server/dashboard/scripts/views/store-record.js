import { send } from '../api.js';
import { formDialog, secretDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { field, select } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { answer } from '../session.js';

const MODES = [
  ['user', 'Mine alone: shown once, kept nowhere'],
  ['managed', 'The server’s: it can open the record for me'],
];

/** Stores a text, and shows its key once. */
export function storeDialog(onStored) {
  formDialog('Store a record', {
    action: 'Seal and store',
    fields: [
      field(
        'Name',
        h('input', { name: 'recordId', required: true, maxlength: 100, autocomplete: 'off' }),
        'A record of that name gets another version',
      ),
      field('Text', h('textarea', { name: 'content', rows: 5, required: true })),
      field('Key', select('keyMode', MODES, 'user')),
    ],
    async send(values) {
      const recordId = values.get('recordId');
      const { key } = await answer(
        await send(`/records/${encodeURIComponent(recordId)}`, {
          method: 'PUT',
          bytes: values.get('content'),
          headers: { 'content-type': 'text/plain;charset=utf-8', 'record-key-mode': values.get('keyMode') },
        }),
      );
      notify(`Stored ${recordId}`);
      await onStored();
      if (key === undefined) return;
      secretDialog(`The key of ${recordId}`, {
        explanation: 'It opens this version, and is kept nowhere: whoever loses it has lost the record.',
        secret: key,
      });
    },
  });
}
