import { isUuid } from '../dialect/arguments.js';
import type { JsonObject } from '../dialect/json.js';
import type { Image } from '../world/image.js';
import type { World } from '../world/world.js';

/** The node's `instance_info.image_source`: the id of an image in Glance, a URL, or an unusable text. */
export function imageSource(info: JsonObject): string {
  return typeof info.image_source === 'string' ? info.image_source : '';
}

/** Whether this is an image in Glance. */
export function isGlanceImage(source: string): boolean {
  return source.startsWith('glance://') || isUuid(source);
}

export function glanceImage(world: World, source: string): Image | undefined {
  return world.images.get(source.replace('glance://', ''));
}

function schemeProblem(source: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return isUuid(source) ? undefined : 'Scheme-less image href is not a UUID.';
  const supported = ['http', 'https', 'file', 'glance'];
  return supported.includes(scheme) ? undefined : `Image download protocol ${scheme} is not supported.`;
}

function validationFailed(source: string, reason: string): string {
  return `Validation of image href ${source} failed, reason: ${reason}`;
}

/**
 * Why Ironic cannot check the image. Ironic checks it before it accepts a deployment, unless the request names the type
 * of the image. If the check fails, Ironic answers 500 instead of a refusal.
 */
export function sourceProblem(info: JsonObject): string | undefined {
  const source = imageSource(info);
  const problem = source === '' || info.image_type ? undefined : schemeProblem(source);
  return problem === undefined ? undefined : validationFailed(source, problem);
}

/** Whether Ironic takes the image for a whole disk or a partition; undefined if it cannot tell. */
export function inferImageType(world: World, info: JsonObject): 'whole-disk' | 'partition' | undefined {
  const source = imageSource(info);
  if (source === '') return undefined;
  if (info.image_type) return info.image_type === 'partition' ? 'partition' : 'whole-disk';
  if (!isGlanceImage(source)) return info.kernel || info.ramdisk ? 'partition' : 'whole-disk';
  const properties = glanceImage(world, source)?.properties;
  if (!properties) return undefined;
  if (properties.img_type) return properties.img_type === 'partition' ? 'partition' : 'whole-disk';
  return properties.kernel_id || properties.ramdisk_id ? 'partition' : 'whole-disk';
}

/**
 * Why Ironic cannot fetch the image. It finds out only after it has accepted the deployment. The simulated cloud
 * reaches every host except those under `.invalid`.
 */
export function imageProblem(world: World, info: JsonObject): string | undefined {
  const source = imageSource(info);
  const invalid = schemeProblem(source);
  if (invalid !== undefined) return validationFailed(source, invalid);
  if (info.image_type === 'partition' && !info.root_gb) {
    return "Some parameters were missing in node's instance_info. Missing are: ['root_gb']";
  }
  if (isGlanceImage(source)) {
    const image = glanceImage(world, source);
    if (!image) return `Image ${source} could not be found.`;
    if (image.status === 'active') return undefined;
    return `Image ${source} is unacceptable: The image is required to be in an active state.`;
  }
  const unreachable = /^(https?):\/\/([^/:?#]+\.invalid)(?::(\d+))?([^?#]*)/i.exec(source);
  if (!unreachable) return undefined;
  const [, scheme = '', host, port, path] = unreachable;
  const [pool, usualPort] =
    scheme.toLowerCase() === 'https' ? ['HTTPSConnectionPool', 443] : ['HTTPConnectionPool', 80];
  const reason = `Failed to resolve '${host}' ([Errno -2] Name or service not known)`;
  return validationFailed(
    source,
    `${pool}(host='${host}', port=${port ?? usualPort}): Max retries exceeded with url: ${path || '/'} (Caused by NameResolutionError("${reason}"))`,
  );
}

/** The data that Ironic stores about an image from Glance. */
export function imageFacts(world: World, info: JsonObject): JsonObject {
  const source = imageSource(info);
  if (!isGlanceImage(source)) return { image_url: source };
  const image = glanceImage(world, source);
  if (!image) return {};
  return {
    image_url: `http://conductor.example.com/agent_images/${image.id}`,
    image_checksum: image.checksum,
    image_os_hash_algo: image.os_hash_algo,
    image_os_hash_value: image.os_hash_value,
    image_disk_format: image.disk_format,
    image_container_format: image.container_format,
    image_tags: [...image.tags],
    image_properties: { ...image.properties },
  };
}
