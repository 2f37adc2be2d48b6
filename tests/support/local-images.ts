/** A setting that allows all images, local ones included. Nothing ever fetches an image in these tests. */
export const localImages = { IRONIC_MCP_IMAGES: '**,file:///**,http://127.0.0.1:9/**' };
