import type { Retrying } from '../async/retry.js';
import type { NetworkService } from '../network-service.js';
import type { BareMetal } from '../ports.js';

/** What an attempt needs. */
export interface Deploying extends Retrying {
  readonly bareMetal: BareMetal;
  /** Undefined where there is no Neutron. */
  readonly networks?: NetworkService | undefined;
}
