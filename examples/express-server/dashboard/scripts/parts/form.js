import { freshId, h } from './dom.js';
import { faultBox } from './problem.js';

/**
 * A labelled control.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint] read out with the control
 */
export function field(label, control, hint) {
  const id = freshId();
  control.id = id;
  if (hint) control.setAttribute('aria-describedby', `${id}-hint`);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control,
    hint && h('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
}

/** A tick box with its label behind it. */
export function check(label, name, checked = false) {
  const id = freshId();
  return h(
    'div',
    { class: 'check' },
    h('input', { type: 'checkbox', id, name, checked }),
    h('label', { for: id }, label),
  );
}

/** A list to choose from. Options are texts, or pairs of value and text. */
export function select(name, options, chosen) {
  return h(
    'select',
    { name },
    options.map((option) => {
      const [value, text] = [option].flat();
      return h('option', { value, selected: value === chosen }, text ?? value);
    }),
  );
}

/**
 * Lets a form be sent: once at a time, with what went wrong shown in it and the control at fault marked.
 *
 * @param {HTMLFormElement} form
 * @param {(fields: FormData) => Promise<void>} send
 */
export function onSend(form, send) {
  form.noValidate = true;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = event.submitter ?? form.querySelector('[type="submit"]');
    clearFaults(form);
    if (!showMissing(form)) return;
    button.disabled = true;
    try {
      await send(new FormData(form));
    } catch (error) {
      const fault = faultBox(error);
      fault.tabIndex = -1;
      form.prepend(fault);
      markFields(form, error.body?.issues ?? []);
      fault.focus();
    } finally {
      button.disabled = false;
    }
  });
}

function clearFaults(form) {
  for (const fault of form.querySelectorAll('.fault, .fault-box')) fault.remove();
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

/** The browser's own words for what is missing or malformed, beside the control instead of in a balloon. */
function showMissing(form) {
  const invalid = [...form.elements].filter((control) => control.willValidate && !control.validity.valid);
  for (const control of invalid) {
    control.setAttribute('aria-invalid', 'true');
    control.closest('.field')?.append(h('p', { class: 'fault' }, control.validationMessage));
  }
  invalid[0]?.focus();
  return invalid.length === 0;
}

function markFields(form, issues) {
  for (const { path } of issues) form.elements[[path].flat()[0]]?.setAttribute?.('aria-invalid', 'true');
}
