import { FEATURES } from '../features.gen';
import { landingOf } from './feature';

describe('the first screen', () => {
  it('is that of the role of a person who has one only, and the overview of the fleet for whoever does more', () => {
    expect(landingOf(FEATURES, ['support'])?.path).toBe('journaux');
    expect(landingOf(FEATURES, ['support', 'author'])?.path).toBe('parc');
    expect(landingOf(FEATURES, ['reader'])?.path).toBe('parc');
  });

  it('is the first one of the menu where that may not be seen', () => {
    expect(landingOf(FEATURES.filter((one) => one.path !== 'parc'), ['reader'])?.path).toBe('journaux');
    expect(landingOf([], ['reader'])).toBeUndefined();
  });
});
