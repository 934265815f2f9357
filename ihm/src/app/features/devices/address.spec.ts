import { convertToParamMap } from '@angular/router';
import { dice } from '@core/dice.testing';
import { DEVICE_STATE } from '@ui/device-state';
import { WATCH } from '@ui/watch';
import { asked, filtersOf, isFiltered, LISTED } from './filters';

const roll = dice(3);
const TEXTS = ['a', 'é', '', 'a,b', 'a&b=c', '%', ' ', 'toString', '__proto__', '"'];
const STATES = Object.keys(DEVICE_STATE);
const WATCHES = Object.keys(WATCH);

describe('any filters', () => {
  it('are the same after the address that holds them', () => {
    for (let round = 0; round < 300; round++) {
      const params: Record<string, string | string[]> = {};
      for (const name of LISTED) {
        const from = name === 'state' ? STATES : name === 'watch' ? WATCHES : TEXTS;
        const values = Array.from({ length: roll(3) }, () => from[roll(from.length)] ?? '');
        if (values.length) params[name] = values;
      }
      if (roll(2)) params['q'] = 'some text';
      if (roll(2)) params['condition'] = '{"any":[]}';
      const filters = filtersOf(convertToParamMap(params));
      expect(asked(filters)).toEqual(params);
      expect(filtersOf(convertToParamMap(asked(filters)))).toEqual(filters);
      expect(isFiltered(filters)).toBe(Object.keys(params).length > 0);
    }
  });
});
