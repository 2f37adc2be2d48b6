import type { Json } from '../dialect/json.js';

/** An image in Glance. Fields are named as on the wire, where `properties` are on the same level. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly disk_format: string;
  readonly container_format: string;
  readonly visibility: 'public' | 'community' | 'private' | 'shared';
  /** In bytes; null until the image has data. */
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly status: 'active' | 'queued';
  readonly checksum: string | null;
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  /** MiB. */
  readonly min_ram: number;
  /** GiB. */
  readonly min_disk: number;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, Json>>;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
}
