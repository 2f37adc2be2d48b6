import * as z from 'zod';
import { type Retrying, retryingRead } from '../core/async/retry.js';
import { Failure } from '../core/failures.js';
import type { Image } from '../core/image.js';
import { type Images, NoAnswer, type OfferedImage } from '../core/ports.js';
import { isUuid, userNamePattern } from '../core/text/identifiers.js';
import { named } from '../core/text/untrusted.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from './fault.js';
import type { Answer, Ask, Http } from './http.js';

const Text = z.string().nullish().catch(null);

const GlanceImage = z.looseObject({
  id: z.string().regex(/^[0-9a-f-]{32,36}$/i),
  name: Text,
  status: z.string(),
  /** In GiB; the owner of the image sets it. */
  min_disk: z.int().min(0).catch(0),
  /** In bytes; known for some formats only. */
  virtual_size: z.int().min(0).nullish().catch(null),
  /** In bytes; null until the data is there. */
  size: z.int().min(0).nullish().catch(null),
  architecture: Text,
  disk_format: Text,
  container_format: Text,
  img_type: Text,
  kernel_id: Text,
  ramdisk_id: Text,
  os_admin_user: z.string().regex(userNamePattern).nullish().catch(null),
});
type GlanceImage = z.output<typeof GlanceImage>;

const GlanceImages = z.looseObject({ images: z.array(GlanceImage), next: Text });

/** Glance's default limit for a page, and the most pages that we read. */
const pageLimit = 1_000;
const mostPages = 5;

/** Images by Glance's REST API ("Image service API v2", images). Ironic notices a bad image only after minutes. */
export function createGlance({ http, clock, random }: Retrying & { readonly http: Http }): Images {
  async function get(path: string, query: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const deadline = http.deadline();
    const request: Ask = { method: 'GET', path, query };
    return retryingRead({ clock, random, deadline, signal }, async () => {
      const answer = await http.ask(request, signal, deadline);
      if (answer.status >= 500) throw noAnswer(answer);
      return answer;
    });
  }

  async function byId(id: string, signal: AbortSignal): Promise<GlanceImage[]> {
    const answer = await get(`v2/images/${id}`, {}, signal);
    if (answer.status === 404 && faultIn(answer).genuine) return [];
    return [parsed(GlanceImage, answer)];
  }

  async function byName(name: string, signal: AbortSignal): Promise<GlanceImage[]> {
    const { images } = parsed(GlanceImages, await get('v2/images', { name }, signal));
    // Glance treats some names as operators ("in:a,b").
    return images.filter((image) => image.name === name);
  }

  return {
    async list(signal) {
      const found: GlanceImage[] = [];
      let marker: string | undefined;
      let complete = false;
      for (let page = 1; page <= mostPages && !complete; page += 1) {
        const query = { sort: 'name:asc', limit: String(pageLimit), ...(marker === undefined ? {} : { marker }) };
        const { images, next } = parsed(GlanceImages, await get('v2/images', query, signal));
        found.push(...images);
        marker = images.at(-1)?.id;
        complete = !next || marker === undefined;
      }
      const parts = new Set(found.flatMap(({ kernel_id: kernel, ramdisk_id: ramdisk }) => [kernel, ramdisk]));
      const images = found.filter((image) => !isBootPart(image) && !parts.has(image.id)).map(offered);
      return { images, complete, anyUrl: false };
    },

    async find(ref, signal) {
      const found = isUuid(ref) ? await byId(ref.toLowerCase(), signal) : await byName(ref, signal);
      const active = found.filter((image) => obstacleTo(image) === null);
      const [image] = active;
      if (active.length > 1) {
        throw new Failure('image_not_deployable', {
          id: ref,
          reason: `${active.length} active images have this name: ${active.map(({ id }) => named(id, 40)).join(', ')}`,
          hint: 'Call again with the id of one of them.',
        });
      }
      if (image) return imageFrom(image);
      const [other] = found;
      if (other === undefined) return null;
      throw new Failure('image_not_deployable', { id: ref, reason: obstacleTo(other) ?? 'its status has changed' });
    },
  };
}

/** Glance also lists kernels and ramdisks as images, in formats of their own. */
function isBootPart({ disk_format: disk, container_format: container }: GlanceImage): boolean {
  return [disk, container].some((format) => format === 'aki' || format === 'ari');
}

function obstacleTo(image: GlanceImage): string | null {
  if (isBootPart(image)) return 'it is a kernel or a ramdisk';
  return image.status === 'active' ? null : `its status is ${named(image.status, 40)}`;
}

function offered(image: GlanceImage): OfferedImage {
  const { id, name, instanceInfo, minDiskGb, architecture } = imageFrom(image);
  const [sizeBytes, format] = [image.size ?? null, image.disk_format ?? null];
  const obstacle = obstacleTo(image);
  return { id, name, instanceInfo, sizeBytes, minDiskGb, architecture, format, obstacle, caveat: null };
}

function imageFrom(image: GlanceImage): Image {
  return {
    id: image.id,
    name: image.name ?? null,
    // Ironic itself gets everything else from Glance: checksums, kernel and ramdisk.
    instanceInfo: { image_source: image.id },
    minDiskGb: Math.max(image.min_disk, Math.ceil((image.virtual_size ?? 0) / 2 ** 30)),
    architecture: image.architecture ?? null,
    isPartition: image.img_type ? image.img_type === 'partition' : Boolean(image.kernel_id),
    loginUser: image.os_admin_user ?? null,
    lacksChecksum: false,
  };
}

function parsed<Schema extends z.ZodType>(schema: Schema, answer: Answer): z.output<Schema> {
  if (answer.status !== 200) throw noAnswer(answer);
  const result = schema.safeParse(answer.body);
  if (!result.success) {
    throw new NoAnswer(`The image service's answer cannot be read${doubtOf('Glance', answer)}`, false);
  }
  return result.data;
}

function noAnswer(answer: Answer): NoAnswer {
  const doubt = isFromElsewhere(answer) ? doubtOf('Glance', answer) : '';
  return new NoAnswer(`The image service answered with HTTP status ${answer.status}: ${saidIn(answer)}${doubt}`, false);
}
