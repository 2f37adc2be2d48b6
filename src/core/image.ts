import type { NetworkData } from './input/network-data.js';

/** An image, and what Ironic must know about it. */
export interface Image {
  readonly id: string;
  readonly name: string | null;
  /** Members of `instance_info`: image_source, and checksums, kernel and sizes if needed. */
  readonly instanceInfo: Readonly<Record<string, unknown>>;
  /** The disk that it needs, in GiB; 0 if unknown. */
  readonly minDiskGb: number;
  /** The architecture that it runs on, as servers name it; null if unknown. */
  readonly architecture: string | null;
  /** It holds one partition, and Ironic makes the partition table. */
  readonly isPartition: boolean;
  /** The user that its system has for logging in; null if unknown. */
  readonly loginUser: string | null;
  /** Its checksum is unknown, so some deploy interfaces refuse it. */
  readonly lacksChecksum: boolean;
}

/** A config drive as Ironic takes it (API 1.59: a JSON object with these members only). */
export interface ConfigDrive {
  readonly meta_data?: Readonly<Record<string, unknown>>;
  readonly user_data?: string;
  readonly network_data?: NetworkData;
  readonly vendor_data?: Readonly<Record<string, unknown>>;
}
