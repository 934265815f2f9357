import { signal } from '@angular/core';
import { convertToParamMap } from '@angular/router';
import { columnsOf } from './columns';
import { asked, filtersOf, isFiltered, queryOf, selectionOf, valueLabel } from './filters';
import { Picked } from './selection';
import { tagsOf } from './tag-dialog';

const read = (params: Record<string, string | string[]>) => filtersOf(convertToParamMap(params));

describe('the address of the list', () => {
  it('asks the API for what it names, and for nothing else', () => {
    expect(asked(read({ state: ['online', 'late'], q: 'voltaire', sort: '-last_seen', after: 'x', device: 'y' }))).toEqual({ state: ['online', 'late'], q: 'voltaire' });
    expect(isFiltered(read({ sort: 'os', columns: 'id' }))).toBe(false);
  });

  it('holds the devices that have no value as an empty one', () => {
    const filters = read({ product: '' });
    expect([asked(filters), isFiltered(filters), valueLabel('product', '')]).toEqual([{ product: [''] }, true, 'Inconnu']);
  });

  it('may hold a state or a watch of another version without breaking the screen', () => {
    expect(read({ state: ['asleep', 'online'], watch: 'toString' }).state).toEqual(['online']);
    expect(read({ watch: ['nothing', 'toString', 'failed'] }).watch).toEqual(['failed']);
  });

  it('shows the columns by default when it names none that can be shown', () => {
    expect(columnsOf('nothing,else').map((one) => one.id)).toEqual(columnsOf(null).map((one) => one.id));
    expect(columnsOf('hostname,fact:os.name').map((one) => one.sort)).toEqual(['hostname', 'fact:os.name']);
  });
});

describe('a selection', () => {
  it('is a query less what was unticked, or the devices themselves', () => {
    const picked = new Picked(signal(3));
    picked.toggle('a', false, ['a']);
    expect(selectionOf(picked, read({ os: 'x' }))).toEqual({ query: null, device_ids: ['a'], excluded: [] });
    picked.all();
    picked.toggle('b', false, ['b']);
    const made = selectionOf(picked, read({ os: 'x', condition: '{"all":[]}' }));
    expect([made.query?.os, made.query?.condition, made.device_ids, made.excluded]).toEqual([['x'], { all: [] }, [], ['b']]);
    expect(queryOf(read({})).condition).toBeNull();
  });

  it('takes tags with commas between them, each once', () => {
    expect(tagsOf(' pilote, à revoir ,, pilote')).toEqual(['pilote', 'à revoir']);
  });
});
