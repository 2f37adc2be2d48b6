/** Runs at most so many actions at the same time. The others wait, in order. */
export function createTurns(places: number): <Result>(action: () => Promise<Result>) => Promise<Result> {
  let free = places;
  const line: (() => void)[] = [];
  return async (action) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((proceed) => line.push(proceed));
    try {
      return await action();
    } finally {
      const next = line.shift();
      // Hand the place on, so that no newcomer can take it.
      if (next) next();
      else free += 1;
    }
  };
}
