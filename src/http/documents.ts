import { operations } from '../core/operations.js';
import { docsPageOf } from './docs-page.js';
import { openApiDocument } from './openapi.js';

// The build runs this module and puts what it exports in its place: nothing is made when the server starts.

/** The OpenAPI document, as JSON. */
export const openApi: string = JSON.stringify(openApiDocument(operations));

/** The reference, as a page. */
export const docsPage: string = docsPageOf(operations);
