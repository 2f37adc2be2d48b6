import type { Effect } from './call.js';
import { Failure } from './failures.js';
import type { Image } from './image.js';
import { setting } from './names.js';
import { globs } from './text/glob.js';
import { isUuid } from './text/identifiers.js';
import { namedImage } from './text/image-ref.js';
import { isLocalUrl } from './text/local-url.js';
import { named, plain } from './text/untrusted.js';

/** What the operator lets this program do. */
export interface PolicySettings {
  /** Nothing may be changed at all. */
  readonly readOnly?: boolean | undefined;
  /** Deployments may be undeployed. */
  readonly allowDeprovision?: boolean | undefined;
  /** Those that were not made by this program, too. */
  readonly deprovisionForeign?: boolean | undefined;
  /** Existing Neutron ports may be attached to servers. */
  readonly allowVifs?: boolean | undefined;
  /** Globs: only servers of these classes may be deployed. Undefined for any. */
  readonly resourceClasses?: readonly string[] | undefined;
  /** Globs: only these images may be deployed. Undefined for any. */
  readonly images?: readonly string[] | undefined;
  /** So many deployments of this program may be in progress at once. Undefined for any number. */
  readonly maxDeploying?: number | undefined;
}

/** What of an image tells which it is. */
type IdentifiedImage = Pick<Image, 'id' | 'name' | 'instanceInfo'>;

/** The operator's rules. Every refusal is a failure `not_permitted` that names the rule and its setting. */
export interface Policy {
  /** Refuses operations of an effect, if they are switched off. */
  admit(effect: Effect): void;
  /** The same as an answer. */
  allows(effect: Effect): boolean;
  /** Refuses to attach Neutron ports. */
  admitVifs(): void;
  /** Refuses to deploy on servers of a class. Null is the class of a server that has none. */
  admitClass(resourceClass: string | null): void;
  /** The same as an answer. */
  allowsClass(resourceClass: string | null): boolean;
  /** Refuses to deploy an image. */
  admitImage(image: IdentifiedImage): void;
  /** The same as an answer. */
  allowsImage(image: IdentifiedImage): boolean;
  /** Refuses to undeploy what was not deployed by this program. */
  admitForeign(): void;
  /** The classes by name, if there are so few that each is worth a question of its own. */
  readonly classNames: readonly string[] | undefined;
  readonly maxDeploying: number | undefined;
  /** What may be done and what not, one clause each, for the operator. */
  readonly rules: readonly string[];
}

export function createPolicy(settings: PolicySettings): Policy {
  const { readOnly, allowDeprovision, deprovisionForeign, allowVifs, resourceClasses, images, maxDeploying } = settings;
  const isClass = resourceClasses && globs(resourceClasses);
  const isImage = images && globs(images);
  const allowsClass = (resourceClass: string | null) =>
    isClass === undefined || (resourceClass !== null && isClass(resourceClass));

  const isLocalImage = globs((images ?? []).filter(namesHost));
  const isListed = (image: IdentifiedImage) => isImage === undefined || identitiesOf(image).some(isImage);
  const allowsImage = (image: IdentifiedImage) =>
    isLocal(image) ? identitiesOf(image).some(isLocalImage) : isListed(image);

  function switchedOff(effect: Effect): string | undefined {
    if (effect === 'read') return undefined;
    if (readOnly) return `nothing may be changed through this server (${setting('read_only')})`;
    if (effect === 'write' || allowDeprovision) return undefined;
    return `nothing may be undeployed through this server (${setting('allow_deprovision')})`;
  }

  return {
    admit(effect) {
      const rule = switchedOff(effect);
      if (rule !== undefined) throw notPermitted(rule);
    },
    allows: (effect) => switchedOff(effect) === undefined,
    admitVifs() {
      // Attaching a port takes it from the machine that has it, and nothing says whose it is.
      if (allowVifs) return;
      throw notPermitted(`Neutron ports may not be attached through this server (${setting('allow_vifs')})`);
    },
    allowsClass,
    admitClass(resourceClass) {
      if (allowsClass(resourceClass)) return;
      const what = resourceClass === null ? 'a server without a resource class' : `class ${named(resourceClass)}`;
      throw notPermitted(
        `${what} may not be deployed, only ${listed(resourceClasses)} (${setting('resource_classes')})`,
      );
    },
    allowsImage,
    admitImage(image) {
      if (allowsImage(image)) return;
      const what = namedImage(image.name ?? image.id);
      const rule = isListed(image)
        ? `: its URL leads Ironic to its own machine or link, so the catalogue must name it, or a glob with its host in ${setting('images')}`
        : `, only ${listed(images)} (${setting('images')})`;
      throw notPermitted(`image ${what} may not be deployed${rule}`);
    },
    admitForeign() {
      if (deprovisionForeign) return;
      throw notPermitted(
        `it was not deployed through this server, and only what was may be undeployed (${setting('deprovision_foreign')})`,
      );
    },
    classNames: resourceClasses?.some((name) => /[*?]/.test(name)) ? undefined : resourceClasses,
    maxDeploying,
    rules: rulesOf(settings),
  };
}

function rulesOf(settings: PolicySettings): readonly string[] {
  const { readOnly, allowDeprovision, deprovisionForeign, allowVifs, resourceClasses, images, maxDeploying } = settings;
  if (readOnly) return [`nothing may be changed (${setting('read_only')})`];
  return [
    images
      ? `only images ${listed(images)} may be deployed (${setting('images')})`
      : 'any image may be deployed, but by no local URL',
    resourceClasses
      ? `only on servers of class ${listed(resourceClasses)} (${setting('resource_classes')})`
      : 'on servers of any class',
    maxDeploying ? `at most ${maxDeploying} at once (${setting('max_deploying')})` : 'any number at once',
    allowVifs ? `Neutron ports may be attached (${setting('allow_vifs')})` : 'no Neutron port may be attached',
    !allowDeprovision
      ? 'nothing may be undeployed'
      : deprovisionForeign
        ? `deployments may be undeployed, those of others too (${setting('deprovision_foreign')})`
        : `deployments of this program may be undeployed (${setting('allow_deprovision')})`,
  ];
}

/**
 * Whether a caller has named an image by a URL by which Ironic would read a file or a service of its own machine. What
 * Glance or the operator's catalogue names has a name or an id.
 */
function isLocal({ name, instanceInfo: { image_source: source } }: IdentifiedImage): boolean {
  const url = String(source);
  return name === null && url.includes('://') && isLocalUrl(url);
}

/**
 * By what an image may be allowed: what it turned out to be, not how the caller wrote it. A name that looks like an id
 * or a URL is none, or an image could be given the id of another for a name.
 */
function identitiesOf({ id, name, instanceInfo: { image_source: source } }: IdentifiedImage): string[] {
  const known = [id, String(source)].filter((text) => !text.includes('://') || isPlainUrl(text));
  return name === null || isUuid(name) || name.includes('://') ? known : [...known, name];
}

/**
 * Whether everybody reads the same place out of a URL: nothing in it gets resolved, decoded, or taken for a login or a
 * query, in which a star of a glob would match anything.
 */
function isPlainUrl(text: string): boolean {
  try {
    const url = new URL(text);
    return url.href === text && url.username === '' && url.password === '' && !/[\\?#]|%(?:00|25|2e|2f|5c)/i.test(text);
  } catch {
    return false;
  }
}

/** Whether a glob says which host it means, or that it means files: `https://**` allows nothing that is local. */
function namesHost(pattern: string): boolean {
  return /^(file:\/\/|[a-z][a-z\d+.-]*:\/\/[^/*?]+\/)/i.test(pattern);
}

function listed(patterns: readonly string[] = []): string {
  const shown = patterns.slice(0, 10).join(', ');
  return plain(patterns.length > 10 ? `${shown} and ${patterns.length - 10} more` : shown, 200);
}

function notPermitted(reason: string): Failure {
  return new Failure('not_permitted', { reason });
}
