/** The server's icon. Clients of 2026-07-28 get it with every answer, so it stays tiny. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3.5" fill="#c2410c"/>' +
  '<path fill="#fff" fill-rule="evenodd" d="M7 2h2v4h3l-4 4-4-4h3zM2 11h12v3H2zm9 1h2v1h-2z"/></svg>';

/** The icon as MCP sends it. */
export const icons = [{ src: `data:image/svg+xml;base64,${btoa(icon)}`, mimeType: 'image/svg+xml', sizes: ['any'] }];

/** The server's name for people, wherever a client or a catalogue shows it. */
export const title = 'Bare-metal servers through Ironic';
