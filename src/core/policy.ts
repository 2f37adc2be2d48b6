import type { Effect } from './call.js';
import { Failure } from './failures.js';
import type { Image } from './image.js';
import { setting } from './names.js';
import type { Network } from './network-service.js';
import { globs } from './text/glob.js';
import { isUuid } from './text/identifiers.js';
import { namedImage } from './text/image-ref.js';
import { isLocalUrl } from './text/local-url.js';
import { named, plain } from './text/untrusted.js';

/** What the operator allows. */
export interface PolicySettings {
  /** Nothing may be changed at all. */
  readonly readOnly?: boolean | undefined;
  /** Deployments may be undeployed. */
  readonly allowDeprovision?: boolean | undefined;
  /** Deployments that this program did not make may be undeployed as well. */
  readonly deprovisionForeign?: boolean | undefined;
  /** Running deployments of this program may be rebooted. */
  readonly allowReboot?: boolean | undefined;
  /** Existing Neutron ports may be attached to servers. */
  readonly allowVifs?: boolean | undefined;
  /** Globs: only servers of these classes may be deployed. Undefined for any. */
  readonly resourceClasses?: readonly string[] | undefined;
  /** Globs: only these images may be deployed. Undefined for any. */
  readonly images?: readonly string[] | undefined;
  /** Globs: only these Neutron networks may be used. Undefined for any network that our project may use. */
  readonly networks?: readonly string[] | undefined;
  /** The most deployments of this program that may be in progress at once. Undefined for any number. */
  readonly maxDeploying?: number | undefined;
}

/** The parts of an image that identify it. */
type IdentifiedImage = Pick<Image, 'id' | 'name' | 'instanceInfo'>;

/** What of a network tells which it is. */
type IdentifiedNetwork = Pick<Network, 'id' | 'name'>;

/** The operator's rules. Every refusal is a failure `not_permitted` that names the rule and its setting. */
export interface Policy {
  /** Refuses operations of this effect if they are switched off. */
  admit(effect: Effect): void;
  /** The same test, as a boolean. */
  allows(effect: Effect): boolean;
  /** Refuses to attach Neutron ports. */
  admitVifs(): void;
  /** Refuses to deploy on servers of a class; null for a server without a class. */
  admitClass(resourceClass: string | null): void;
  /** The same test, as a boolean. */
  allowsClass(resourceClass: string | null): boolean;
  /** Refuses to deploy an image. */
  admitImage(image: IdentifiedImage): void;
  /** The same test, as a boolean. */
  allowsImage(image: IdentifiedImage): boolean;
  /** Whether only some networks may be used. */
  readonly limitsNetworks: boolean;
  /** Refuses to connect a server to a network. */
  admitNetwork(network: IdentifiedNetwork): void;
  /** The same as an answer. */
  allowsNetwork(network: IdentifiedNetwork): boolean;
  /** Refuses to undeploy a deployment that this program did not make. */
  admitForeign(): void;
  /** The allowed classes by name; undefined if any class is allowed or a glob names them. */
  readonly classNames: readonly string[] | undefined;
  readonly maxDeploying: number | undefined;
  /** The rules in words, one clause each, for the operator. */
  readonly rules: readonly string[];
}

export function createPolicy(settings: PolicySettings): Policy {
  const { readOnly, allowReboot, allowDeprovision, deprovisionForeign, allowVifs } = settings;
  const { resourceClasses, images, networks, maxDeploying } = settings;
  const isNetwork = networks && globs(networks);
  // A name that looks like an id is none, or a network could be given the id of another for a name.
  const allowsNetwork = ({ id, name }: IdentifiedNetwork) =>
    isNetwork === undefined || isNetwork(id) || (!isUuid(name) && isNetwork(name));
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
    if (readOnly) return `this MCP server is read-only (${setting('read_only')})`;
    if (effect === 'interrupt' && !allowReboot) return `rebooting is switched off (${setting('allow_reboot')})`;
    if (effect === 'destroy' && !allowDeprovision) {
      return `undeploying is switched off (${setting('allow_deprovision')})`;
    }
    return undefined;
  }

  return {
    admit(effect) {
      const rule = switchedOff(effect);
      if (rule !== undefined) throw notPermitted(rule);
    },
    allows: (effect) => switchedOff(effect) === undefined,
    admitVifs() {
      // Attaching a port takes it away from the machine that uses it, and nothing shows whose port it is.
      if (allowVifs) return;
      throw notPermitted(`attaching Neutron ports is switched off (${setting('allow_vifs')})`);
    },
    allowsClass,
    admitClass(resourceClass) {
      if (allowsClass(resourceClass)) return;
      const what = resourceClass === null ? 'a server without a resource class' : `class ${named(resourceClass)}`;
      throw notPermitted(`${what} is not allowed: ${onlyAllowed(resourceClasses)} (${setting('resource_classes')})`);
    },
    allowsImage,
    admitImage(image) {
      if (allowsImage(image)) return;
      const what = namedImage(image.name ?? image.id);
      const rule = isListed(image)
        ? `: its URL points Ironic at Ironic's own machine or network link, so the operator of this MCP server can allow it only by a catalogue entry, or by a glob in ${setting('images')} that names the host`
        : `: ${onlyAllowed(images)} (${setting('images')})`;
      throw notPermitted(`image ${what} is not allowed${rule}`);
    },
    limitsNetworks: networks !== undefined,
    allowsNetwork,
    admitNetwork(network) {
      if (allowsNetwork(network)) return;
      throw notPermitted(
        `network ${named(network.name)} may not be used, only ${listed(networks)} (${setting('networks')})`,
      );
    },
    admitForeign() {
      if (deprovisionForeign) return;
      throw notPermitted(
        `this deployment was not made through ironic-mcp, so it may not be undeployed (${setting('deprovision_foreign')})`,
      );
    },
    classNames: resourceClasses?.some((name) => /[*?]/.test(name)) ? undefined : resourceClasses,
    maxDeploying,
    rules: rulesOf(settings),
  };
}

function rulesOf(settings: PolicySettings): readonly string[] {
  const { readOnly, allowReboot, allowDeprovision, deprovisionForeign, allowVifs } = settings;
  const { resourceClasses, images, networks, maxDeploying } = settings;
  if (readOnly) return [`nothing may be changed (${setting('read_only')})`];
  return [
    images
      ? `only images ${listed(images)} may be deployed (${setting('images')})`
      : 'any image may be deployed, except by a local URL',
    resourceClasses
      ? `only on servers of class ${listed(resourceClasses)} (${setting('resource_classes')})`
      : 'on servers of any class',
    ...(networks ? [`only in networks ${listed(networks)} (${setting('networks')})`] : []),
    maxDeploying ? `at most ${maxDeploying} at once (${setting('max_deploying')})` : 'any number at once',
    allowVifs ? `Neutron ports may be attached (${setting('allow_vifs')})` : 'no Neutron port may be attached',
    allowReboot
      ? `only deployments made through ironic-mcp may be rebooted (${setting('allow_reboot')})`
      : 'nothing may be rebooted',
    !allowDeprovision
      ? 'nothing may be undeployed'
      : deprovisionForeign
        ? `any deployment may be undeployed, including those made by others (${setting('deprovision_foreign')})`
        : `only deployments made through ironic-mcp may be undeployed (${setting('allow_deprovision')})`,
  ];
}

/**
 * Whether a caller passed a URL that makes Ironic read a file or a service of its own machine. Images of Glance and of
 * the operator's catalogue have a name or an id instead.
 */
function isLocal({ name, instanceInfo: { image_source: source } }: IdentifiedImage): boolean {
  const url = String(source);
  return name === null && url.includes('://') && isLocalUrl(url);
}

/**
 * The texts by which an image may be allowed: what it turned out to be, not how the caller wrote it. A name that looks
 * like an id or a URL does not count, because somebody could name an image after the id of another.
 */
function identitiesOf({ id, name, instanceInfo: { image_source: source } }: IdentifiedImage): string[] {
  const known = [id, String(source)].filter((text) => !text.includes('://') || isPlainUrl(text));
  return name === null || isUuid(name) || name.includes('://') ? known : [...known, name];
}

/**
 * Whether every program reads the same place from a URL. Nothing in it is resolved or decoded, and it has no login and no
 * query, where a star of a glob would match anything.
 */
function isPlainUrl(text: string): boolean {
  try {
    const url = new URL(text);
    return url.href === text && url.username === '' && url.password === '' && !/[\\?#]|%(?:00|25|2e|2f|5c)/i.test(text);
  } catch {
    return false;
  }
}

/** Whether a glob names its host, or files: `https://**` does not, so it allows no local URL. */
function namesHost(pattern: string): boolean {
  return /^(file:\/\/|[a-z][a-z\d+.-]*:\/\/[^/*?]+\/)/i.test(pattern);
}

function onlyAllowed(patterns: readonly string[] | undefined): string {
  return `the operator of this MCP server allows only ${listed(patterns)}`;
}

function listed(patterns: readonly string[] = []): string {
  const shown = patterns.slice(0, 10).join(', ');
  return plain(patterns.length > 10 ? `${shown} and ${patterns.length - 10} more` : shown, 200);
}

function notPermitted(reason: string): Failure {
  return new Failure('not_permitted', { reason });
}
