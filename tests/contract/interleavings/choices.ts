/** Picks one of so many options, counted from 0. */
export type Choose = (options: number) => number;

/**
 * Plays something once for every possible sequence of choices, depth first, from the start each time. The course must
 * depend only on the choices. Answers how often it was played.
 */
export async function everyCourse(play: (choose: Choose) => Promise<void>): Promise<number> {
  const course: { taken: number; readonly options: number }[] = [];
  for (let courses = 1; ; courses += 1) {
    let depth = 0;
    await play((options) => {
      const choice = course[depth] ?? { taken: 0, options };
      if (choice.options !== options) throw new Error('the same choices have led elsewhere');
      course[depth] = choice;
      depth += 1;
      return choice.taken;
    });
    if (depth !== course.length) throw new Error('the same choices have ended sooner');
    for (let last = course.at(-1); last && last.taken + 1 === last.options; last = course.at(-1)) course.pop();
    const last = course.at(-1);
    if (!last) return courses;
    last.taken += 1;
  }
}
