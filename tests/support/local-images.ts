/** The setting by which tests may deploy images of the machine itself, beside all others: no image is ever fetched. */
export const localImages = { IRONIC_MCP_IMAGES: '**,file:///**,http://127.0.0.1:9/**' };
