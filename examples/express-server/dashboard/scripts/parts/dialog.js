import { freshId, h } from './dom.js';
import { onSend } from './form.js';
import { refocus } from './redraw.js';

/**
 * Opens a modal dialog; the browser keeps the focus in it, closes it by Escape, and gives the focus back.
 *
 * @param {string} title
 * @param {(close: () => void) => unknown[]} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content) {
  const id = freshId();
  const opener = document.activeElement;
  const dialog = h('dialog', { 'aria-labelledby': id });
  dialog.append(h('h2', { id }, title), ...content(() => dialog.close()).filter(Boolean));
  dialog.addEventListener('close', () => {
    dialog.remove();
    // What it was opened from may have been drawn anew meanwhile, of which the browser knows nothing.
    refocus(opener);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A dialog that is a form, with a way out. `send` resolves to false to leave it open. */
export function formDialog(title, { fields, action, danger = false, send }) {
  return openDialog(title, (close) => {
    const form = h(
      'form',
      {},
      h('div', { class: 'fields' }, fields),
      h(
        'div',
        { class: 'buttons' },
        h('button', { type: 'button', onclick: close }, 'Cancel'),
        h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action),
      ),
    );
    onSend(form, async (values) => {
      if ((await send(values, form)) !== false) close();
    });
    return [form];
  });
}

/** A dialog that shows a secret which is not shown again. */
export function secretDialog(title, { explanation, secret }) {
  return openDialog(title, (close) => {
    const copied = h('span', { class: 'soft', role: 'status' });
    const copy = async () => {
      await navigator.clipboard.writeText(secret);
      copied.textContent = 'Copied';
    };
    return [
      h('p', {}, explanation),
      h('p', { class: 'secret' }, secret),
      h(
        'div',
        { class: 'buttons' },
        copied,
        h('button', { type: 'button', onclick: copy }, 'Copy'),
        h('button', { type: 'button', class: 'primary', onclick: close }, 'I have kept it'),
      ),
    ];
  });
}
