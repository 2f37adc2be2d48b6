import { allOperations } from '../core/operations.js';
import { docsPageOf } from './docs-page.js';
import { openApiDocument } from './openapi.js';

// Loaded, and so made, when the first of them is asked for: they are seven times as long as what makes them.

/** The OpenAPI document, as JSON. */
export const openApi: string = JSON.stringify(openApiDocument(allOperations));

/** The reference, as a page. */
export const docsPage: string = docsPageOf(allOperations);
