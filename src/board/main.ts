import { createBoard } from './board.js';
import { el, set } from './dom.js';
import { connectToHost } from './host-link.js';
import { CallFailed } from './link.js';
import { createRestLink, type Scheme } from './rest-link.js';

const place = document.querySelector('main') as HTMLElement;
const root = document.documentElement;
const keptAs = 'ironic-mcp-authorization';

if (window.parent === window) standAlone();
else void stayWithHost(window.parent);

/** The page in a browser, fed by REST. */
function standAlone(): void {
  const authorization = () => sessionStorage.getItem(keptAs);
  let scheme: Scheme = 'Bearer';
  const link = createRestLink({
    authorization,
    onChallenge: (wanted) => {
      scheme = wanted;
    },
  });
  const board = createBoard(link, { place, docs: '/docs', onUnauthorized });
  void board.watchFleet();

  function onUnauthorized(): void {
    board.stop();
    place.replaceChildren(signInForm(signIns[scheme], authorization() !== null));
    place.querySelector('input')?.focus();
  }
}

interface SignIn {
  readonly title: string;
  readonly why: string;
  readonly refused: string;
  /** The labels of its fields. The last one is the secret. */
  readonly fields: readonly string[];
  readonly header: (...values: string[]) => string;
}

const signIns: Readonly<Record<Scheme, SignIn>> = {
  Bearer: {
    title: 'This server wants a token',
    why: 'Its operator has set one: IRONIC_MCP_HTTP_TOKEN. This tab keeps it until you close it.',
    refused: 'The server refuses this token.',
    fields: ['Token'],
    // A header takes nothing else, and a pasted token often ends with a line break.
    header: (token = '') => `Bearer ${token.replace(/[^\x21-\x7e]/g, '')}`,
  },
  Basic: {
    title: 'This server wants an application credential',
    why: 'The page shows what your credential may see in OpenStack. This tab keeps it until you close it.',
    refused: 'The server refuses this credential.',
    fields: ['Id', 'Secret'],
    header: (id = '', secret = '') => {
      const bytes = new TextEncoder().encode(`${id.trim()}:${secret}`);
      return `Basic ${btoa(String.fromCharCode(...bytes))}`;
    },
  },
};

function signInForm({ title, why, refused, fields, header }: SignIn, wasWrong: boolean): HTMLElement {
  const wrong = wasWrong ? set(el('p', 'wrong', refused), { role: 'alert', id: 'wrong' }) : null;
  const inputs = fields.map((name) => {
    const type = name === fields.at(-1) ? 'password' : 'text';
    const input = set(el('input', ''), { type, id: name.toLowerCase(), autocomplete: 'off', required: '' });
    return wrong ? set(input, { 'aria-describedby': 'wrong', 'aria-invalid': 'true' }) : input;
  });
  const labelled = inputs.flatMap((input, index) => [
    set(el('label', '', fields[index] ?? ''), { for: input.id }),
    input,
  ]);
  const heading = [el('h1', '', title), el('p', 'quiet', why)];
  const form = el('form', 'card sign-in', ...heading, wrong, ...labelled, el('button', 'strong', 'Continue'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(keptAs, header(...inputs.map(({ value }) => value)));
    standAlone();
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
