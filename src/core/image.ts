import type { NetworkData } from './input/network-data.js';

/** An image, and what Ironic is to be told about it. */
export interface Image {
  readonly id: string;
  readonly name: string | null;
  /** Members of `instance_info`: image_source, and checksums, kernel, sizes where they are needed. */
  readonly instanceInfo: Readonly<Record<string, unknown>>;
  /** Size of the disk that it needs, in GiB; 0 when nobody says. */
  readonly minDiskGb: number;
  /** The only architecture that it runs on, as the server names it; null when nobody says. */
  readonly architecture: string | null;
  /** An image of one partition, for which Ironic makes the partition table. */
  readonly isPartition: boolean;
  /** Nobody knows its checksum, without which some deploy interfaces refuse it. */
  readonly lacksChecksum: boolean;
}

/** A config drive as Ironic takes it (API 1.59: a JSON object with these members only). */
export interface ConfigDrive {
  readonly meta_data?: Readonly<Record<string, unknown>>;
  readonly user_data?: string;
  readonly network_data?: NetworkData;
  readonly vendor_data?: Readonly<Record<string, unknown>>;
}
