/** The page of src/board. The build makes it and puts it in this place: see `tools/build/board-page.ts`. */
export const boardPage = {
  html: '<!doctype html><html lang="en"><body><p>Run npm run build.</p></body></html>',
  policy: "default-src 'none'",
};
