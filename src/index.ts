export { ConfigError } from './config/errors.js';
export { type CallOptions, type Connection, connect, type Settings } from './connect.js';
export { type Changes, createChanges, isOfChange } from './core/changes.js';
export { Failure, type FailureCode, type FailureDetails, failures } from './core/failures.js';
export type { ImageListing, ImageListRequest } from './core/image-list.js';
export type {
  ConfigDrive,
  DeploymentEntry,
  DeploymentFailure,
  Image,
  ProvisionRequest,
  ProvisionResponse,
  ProvisionStatus,
  RecordedError,
  Server,
  StatusRequest,
  Step,
} from './core/model.js';
export { createPolicy, type Policy, type PolicySettings } from './core/policy.js';
export {
  type BareMetal,
  type Clock,
  type Criteria,
  type Held,
  type ImageList,
  type Images,
  NoAnswer,
  type OfferedImage,
  type Refusal,
  Refused,
  type Reservation,
  type ServerFilter,
  type ServerPage,
  SignInRefused,
} from './core/ports.js';
export { createProvisionService, type ProvisionService, type ProvisionServiceOptions } from './core/provision.js';
export type { ServerListing, ServerListRequest } from './core/server-list.js';
export { createServerService, type ServerService, type ServerServiceOptions } from './core/servers.js';
