import { h, s } from './dom.js';

/** Each state has a shape and a word of its own: color only repeats them. */
const STATES = {
  valid: ['Valid', () => s('circle', { cx: 6, cy: 6, r: 5, fill: 'currentColor' })],
  ending: ['Not renewed', () => s('path', { d: 'M6 0 12 6 6 12 0 6z', fill: 'currentColor' })],
  expired: ['Expired', () => s('circle', { cx: 6, cy: 6, r: 4.5, fill: 'none', 'stroke-width': 2 })],
  revoked: ['Revoked', () => s('path', { d: 'M1.5 1.5l9 9m0-9l-9 9', 'stroke-width': 2.5 })],
  failed: ['Failed', () => s('path', { d: 'M6 .5 11.8 11H.2z', fill: 'currentColor' })],
  pending: [
    'Pending',
    () => [
      s('circle', { cx: 6, cy: 6, r: 5, fill: 'none', 'stroke-width': 1.5 }),
      s('path', { d: 'M6 1a5 5 0 0 1 0 10z', fill: 'currentColor', stroke: 'none' }),
    ],
  ],
  inactive: ['Not served', () => s('path', { d: 'M1.5 1.5h9v9h-9z', fill: 'none', 'stroke-width': 2 })],
  disabled: ['Disabled', () => s('path', { d: 'M1.5 1.5h9v9h-9zM1.5 10.5l9-9', fill: 'none', 'stroke-width': 1.75 })],
};

/** The shape of a state, beside its word. */
export function shape(state) {
  const [, draw] = STATES[state] ?? STATES.inactive;
  return s('svg', { viewBox: '0 0 12 12', width: 12, height: 12, stroke: 'currentColor', 'aria-hidden': true }, draw());
}

/** A state: shape and word. One that this page does not know yet is told as it came. */
export function state(name, word = STATES[name]?.[0] ?? name) {
  return h('span', { class: 'state', 'data-state': name }, shape(name), word);
}

/** The word for a state. */
export const stateWord = (name) => STATES[name]?.[0] ?? name;

/** How a certificate stands: like its status, but a valid one that nobody renews is told apart. */
export function certificateState({ status, renewAt }) {
  return status === 'valid' && renewAt === undefined ? 'ending' : status;
}
