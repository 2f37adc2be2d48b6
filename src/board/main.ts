import { createBoard } from './board.js';
import { el, set } from './dom.js';
import { connectToHost } from './host-link.js';
import { CallFailed } from './link.js';
import { createRestLink } from './rest-link.js';

const place = document.querySelector('main') as HTMLElement;
const root = document.documentElement;
const tokenName = 'ironic-mcp-token';

if (window.parent === window) standAlone(false);
else void stayWithHost(window.parent);

/** The page in a browser, fed by REST. */
function standAlone(isRefused: boolean): void {
  const token = () => sessionStorage.getItem(tokenName);
  const board = createBoard(createRestLink(token), { place, docs: '/docs', onUnauthorized });
  if (isRefused) onUnauthorized();
  else void board.watchFleet();

  function onUnauthorized(): void {
    board.stop();
    place.replaceChildren(tokenForm(token() !== null));
    place.querySelector('input')?.focus();
  }
}

function tokenForm(wasWrong: boolean): HTMLElement {
  const field = set(el('input', ''), { type: 'password', id: 'token', autocomplete: 'off', required: '' });
  const wrong = wasWrong
    ? set(el('p', 'wrong', 'The server refuses this token.'), { role: 'alert', id: 'wrong' })
    : null;
  if (wrong) set(field, { 'aria-describedby': 'wrong', 'aria-invalid': 'true' });
  const label = el('label', '', 'Token');
  label.htmlFor = 'token';
  const form = el(
    'form',
    'card token',
    el('h1', '', 'This server wants a token'),
    el('p', 'quiet', 'Its operator has set one: IRONIC_MCP_HTTP_TOKEN. This tab keeps it until you close it.'),
    wrong,
    label,
    field,
    el('button', 'strong', 'Continue'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // A header takes nothing else, and a pasted token often ends with a line break.
    sessionStorage.setItem(tokenName, field.value.replace(/[^\x21-\x7e]/g, ''));
    standAlone(false);
  });
  return form;
}

/** The page in a conversation, fed by the host. */
async function stayWithHost(host: Window): Promise<void> {
  root.classList.add('in-host');
  let input: Readonly<Record<string, unknown>> = {};
  let board: ReturnType<typeof createBoard> | undefined;
  const link = await connectToHost(host, {
    onInput: (given) => {
      input = given;
      board?.showCall();
    },
    onResult: (result) => {
      if (result instanceof CallFailed) board?.showFailure(result);
      else board?.showAnswer(result.data, input);
    },
    onTheme: (theme) => {
      root.style.colorScheme = theme;
    },
    onFont: (name, value) => root.style.setProperty(name, value),
    onEnd: () => board?.stop(),
  });
  board = createBoard(link, { place, docs: null, onUnauthorized: () => undefined });
}
