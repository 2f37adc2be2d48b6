import type { JsonObject } from '../dialect/json.js';

/** A claim on a server that Ironic chooses. Fields are named as on the wire. */
export interface Allocation {
  readonly uuid: string;
  readonly created_at: number;
  updated_at: number | null;
  readonly candidate_nodes: readonly string[];
  extra: JsonObject;
  last_error: string | null;
  name: string | null;
  readonly owner: string | null;
  readonly resource_class: string | null;
  state: 'allocating' | 'active' | 'error';
  readonly traits: readonly string[];
  /** The uuid of its node. */
  node_uuid: string | null;
}
