import { create } from '../api.js';
import { formDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { check, field } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { certificateTitle } from '../parts/text.js';

/** Asks for a certificate that was issued elsewhere and its key, and takes them over. */
export function importDialog(onImported) {
  const key = crypto.randomUUID();
  formDialog('Import a certificate', {
    action: 'Import',
    fields: [
      field(
        'Certificate chain',
        pem('chainPem', 'BEGIN CERTIFICATE'),
        'PEM: the certificate itself first, then those of its issuers',
      ),
      field(
        'Private key',
        pem('privateKeyPem', 'BEGIN PRIVATE KEY'),
        'PEM, not encrypted. The server seals it before it is stored',
      ),
      field(
        'Label',
        h('input', { name: 'name', maxlength: 128, autocomplete: 'off' }),
        'What to call it here; may be left out',
      ),
      check('Serve its names by it from now on', 'active', true),
    ],
    async send(values) {
      const certificate = await create(
        '/certificates/import',
        {
          chainPem: values.get('chainPem'),
          privateKeyPem: values.get('privateKeyPem'),
          ...(values.get('name') && { name: values.get('name') }),
          active: values.get('active') === 'on',
        },
        key,
      );
      notify(`Imported ${certificateTitle(certificate)}`);
      onImported();
    },
  });
}

const pem = (name, example) =>
  h('textarea', {
    name,
    rows: 5,
    required: true,
    class: 'mono',
    spellcheck: 'false',
    autocapitalize: 'none',
    autocomplete: 'off',
    placeholder: `-----${example}-----`,
  });
