import * as z from 'zod';
import { setting } from '../names.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { Images, OfferedImage } from '../ports.js';
import { plain } from '../text/untrusted.js';
import { badCursor, listArguments, nextCursor } from './listing.js';

const forbidden = `the operator of this MCP server does not allow it (${setting('images')})`;

/** What `list_images` asks for. */
export const ImageListRequest = z.strictObject(listArguments);
export type ImageListRequest = z.output<typeof ImageListRequest>;

/** Unknown members are left out. */
const ListedImage = z.strictObject({
  id: z.string().describe('Pass this as image_id'),
  name: z.string().optional(),
  size_mb: z.int().optional(),
  min_disk_gb: z.number().optional(),
  architecture: z.string().optional(),
  format: z.string().optional(),
  deployable: z.boolean(),
  note: z.string().optional().describe('Why it cannot be deployed on some or all servers'),
});
type ListedImage = z.output<typeof ListedImage>;

/** What `list_images` answers. */
export const ImageListing = z.strictObject({
  message: z.string(),
  images: z.array(ListedImage),
  next_cursor: nextCursor,
});
export type ImageListing = z.output<typeof ImageListing>;

/** Shows the images. Changes nothing. */
export interface ImageService {
  /**
   * A page of the images, by name.
   * @throws Failure `invalid_request` for an unknown cursor, `ironic_unavailable`
   */
  list(request: ImageListRequest, signal: AbortSignal): Promise<ImageListing>;
}

/** @param policy What may be deployed. */
export function createImageService(images: Images, policy: Policy): ImageService {
  async function list({ limit, cursor }: ImageListRequest, signal: AbortSignal): Promise<ImageListing> {
    const { images: all, complete, anyUrl } = await images.list(signal);
    const offered = all.map((image) =>
      image.obstacle === null && !policy.allowsImage(image) ? { ...image, obstacle: forbidden } : image,
    );
    const sorted = [...offered].sort(byName);
    const from = cursor === undefined ? 0 : sorted.findIndex(({ id }) => id === cursor) + 1;
    if (cursor !== undefined && from === 0) throw badCursor();
    const page = sorted.slice(from, from + limit);
    return {
      message: messageOf(offered, complete, anyUrl),
      images: page.map(listed),
      next_cursor: from + limit < sorted.length ? (page.at(-1)?.id ?? null) : null,
    };
  }

  return { list: withPortFailures(list) };
}

function byName(left: OfferedImage, right: OfferedImage): number {
  const [a, b] = [left.name ?? left.id, right.name ?? right.id];
  if (a !== b) return a < b ? -1 : 1;
  return left.id < right.id ? -1 : 1;
}

function messageOf(offered: readonly OfferedImage[], complete: boolean, anyUrl: boolean): string {
  const deployable = offered.filter(({ obstacle }) => obstacle === null).length;
  const count = `${complete ? '' : 'At least '}${offered.length} ${offered.length === 1 ? 'image' : 'images'}`;
  const named =
    offered.length > 0
      ? `${count}; ${deployable} can be deployed.`
      : anyUrl
        ? 'There are no named images here.'
        : 'This account can see no images.';
  const also = offered.length > 0 ? 'also ' : '';
  const urls = `image_id ${also}takes any http, https or oci URL from which Ironic can fetch an image.`;
  const local = `File URLs and local addresses must be named in ${setting('images')}.`;
  const limit = 'Servers with the deploy interface direct need a checksum, so they take no http or https URL.';
  return anyUrl ? `${named} ${urls} ${local} ${limit}` : named;
}

function listed(image: OfferedImage): ListedImage {
  const { id, name, sizeBytes, minDiskGb, architecture, format, obstacle } = image;
  const note = obstacle ?? image.caveat;
  return {
    id,
    ...(name === null ? {} : { name: plain(name, 120) }),
    ...(sizeBytes === null ? {} : { size_mb: Math.ceil(sizeBytes / 2 ** 20) }),
    ...(minDiskGb === 0 ? {} : { min_disk_gb: minDiskGb }),
    ...(architecture === null ? {} : { architecture: plain(architecture, 40) }),
    ...(format === null ? {} : { format: plain(format, 40) }),
    deployable: obstacle === null,
    ...(note === null ? {} : { note }),
  };
}
