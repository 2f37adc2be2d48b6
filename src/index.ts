export { ConfigError } from './config/errors.js';
export * from './connect.js';
export { type Changes, createChanges, isOfChange } from './core/async/changes.js';
export { Failure, type FailureCode, type FailureDetails, failures } from './core/failures.js';
export type { ConfigDrive, Image } from './core/image.js';
export type { ImageListing, ImageListRequest } from './core/inventory/image-list.js';
export type { ServerListing, ServerListRequest } from './core/inventory/server-list.js';
export { createServerService, type ServerService, type ServerServiceOptions } from './core/inventory/server-service.js';
export { createPolicy, type Policy, type PolicySettings } from './core/policy.js';
export {
  type BareMetal,
  type Clock,
  type Criteria,
  type ImageList,
  type Images,
  type LastLook,
  NoAnswer,
  type OfferedImage,
  type Refusal,
  Refused,
  type Reservation,
  type ReservationId,
  type Sent,
  type ServerFilter,
  type ServerPage,
  SignInRefused,
  type Start,
} from './core/ports.js';
export {
  createProvisionService,
  type ProvisionService,
  type ProvisionServiceOptions,
} from './core/provision/provision.js';
export type {
  DeploymentFailure,
  ProvisionRequest,
  ProvisionResponse,
  ProvisionStatus,
  StatusRequest,
} from './core/requests.js';
export type { DeploymentEntry, RecordedError, Server, Step } from './core/server.js';
export { createStatusService, type StatusService, type StatusServiceOptions } from './core/status/wait-for-change.js';
