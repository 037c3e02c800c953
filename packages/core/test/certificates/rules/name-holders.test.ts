import { describe, expect, it } from 'vitest';
import { servingHolder, withHolder, withoutHolder } from '../../../src/certificates/names/name-holders.ts';
import { codeOf } from '../../support/expect-error.ts';

const hold = (holders: readonly { certificateId: string; generation?: string }[]) => ({
  accountId: 'acct',
  holders: [...holders],
});

describe('the holders of a name', () => {
  it('serve it last come, first served, as long as they have something to serve', () => {
    const one = withHolder('a', undefined, { certificateId: 'c1', accountId: 'acct', generation: 'g1' }, 'last');
    expect(servingHolder(one)).toEqual({ certificateId: 'c1', generation: 'g1' });
    const reserved = withHolder('a', one, { certificateId: 'c2', accountId: 'acct' }, 'last');
    expect(servingHolder(reserved)).toEqual({ certificateId: 'c1', generation: 'g1' });
    const both = withHolder('a', reserved, { certificateId: 'c2', accountId: 'acct', generation: 'g2' }, 'same');
    expect(servingHolder(both)).toEqual({ certificateId: 'c2', generation: 'g2' });
    // A renewal of the first does not bring it back to the front.
    const renewed = withHolder('a', both, { certificateId: 'c1', accountId: 'acct', generation: 'g3' }, 'same');
    expect(servingHolder(renewed)).toEqual({ certificateId: 'c2', generation: 'g2' });
    expect(withoutHolder(renewed, 'c2')).toEqual(hold([{ certificateId: 'c1', generation: 'g3' }]));
    expect(withoutHolder(hold([{ certificateId: 'c1' }]), 'c1')).toBeUndefined();
  });

  it('keep what they serve when they are activated anew without a generation', () => {
    const value = withHolder(
      'a',
      hold([{ certificateId: 'c1', generation: 'g1' }, { certificateId: 'c2' }]),
      { certificateId: 'c1', accountId: 'acct' },
      'last',
    );
    expect(value).toEqual(hold([{ certificateId: 'c2' }, { certificateId: 'c1', generation: 'g1' }]));
  });

  it('are of one account; no account is an owner too', async () => {
    const value = hold([{ certificateId: 'c1' }]);
    const take = (accountId: string | undefined) => () =>
      withHolder('a', value, { certificateId: 'c2', accountId }, 'last');
    expect(await codeOf(take('other'))).toBe('NAME_TAKEN');
    expect(await codeOf(take(undefined))).toBe('NAME_TAKEN');
    expect(
      await codeOf(() =>
        withHolder('a', { holders: [{ certificateId: 'c1' }] }, { certificateId: 'c2', accountId: 'acct' }, 'last'),
      ),
    ).toBe('NAME_TAKEN');
  });

  it('are bounded: the oldest stand-in is forgotten, never who serves', () => {
    let value = withHolder('a', undefined, { certificateId: 'c0', accountId: 'acct', generation: 'g0' }, 'last');
    for (let at = 1; at <= 100; at++) {
      value = withHolder('a', value, { certificateId: `c${at}`, accountId: 'acct', generation: `g${at}` }, 'last');
    }
    expect(value.holders).toHaveLength(64);
    expect(servingHolder(value)).toEqual({ certificateId: 'c100', generation: 'g100' });
    const late = withHolder('a', value, { certificateId: 'c1', accountId: 'acct', generation: 'late' }, 'same');
    expect(servingHolder(late)).toEqual({ certificateId: 'c100', generation: 'g100' });
  });
});
