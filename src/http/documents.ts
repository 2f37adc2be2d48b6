import { allOperations } from '../core/operations.js';
import { baseMark, docsPageOf, escaped } from './docs-page.js';
import { openApiDocument } from './openapi.js';

// The first request for a document loads this module, which makes both: they are seven times as long as their makers.

/** The OpenAPI document, as JSON. */
export const openApi: string = JSON.stringify(openApiDocument(allOperations));

const page = docsPageOf(allOperations);

/** The reference, as a page whose examples ask the server at that address, for example `http://127.0.0.1:7385`. */
export function docsPageAt(base: string): string {
  return page.replaceAll(baseMark, () => escaped(base));
}
