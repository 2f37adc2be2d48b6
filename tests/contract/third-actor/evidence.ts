import type { Node } from './actor-lab.js';
import type { Own } from './trespasses.js';

export type Claim = (truth: boolean, words: string) => void;

/** What judges need besides the case itself. */
export interface Evidence {
  readonly own: Own;
  /** All nodes of the class, as they are when the answer is given. */
  readonly nodes: readonly Node[];
  /** What cannot be prevented has happened. */
  readonly lastLook: boolean;
  /** The call has read something of the target, or of its deployment, after somebody else had acted. */
  readonly lookedAfterwards: boolean;
}
