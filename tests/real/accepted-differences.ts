/** Where the simulator answers differently from a real Ironic, and why it may. */
export interface Accepted {
  readonly what: readonly string[];
  readonly on?: 'debian' | 'newest';
  readonly why: string;
}

export const accepted: readonly Accepted[] = [];
