/** Numbers that look random, the same at each run: `roll(6)` is 0 to 5. */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
