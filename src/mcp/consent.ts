import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Call } from '../core/call.js';
import { Failure } from '../core/failures.js';
import type { Core, Operation } from '../core/operation.js';

const key = 'consent';
const Answer = z.object({ confirm: z.boolean() });

/**
 * Asks the user before an operation destroys something, if the client can ask. A client up to 2025-11-25 gets a request
 * from us during the call. A later one gets the question as the answer and calls again. The SDK hides the difference.
 *
 * The question comes back with the user's answer and must equal the question that we would ask now. So the consent counts
 * for nothing else, whichever copy of this program gets the second call. It needs no signature: a client that forges the
 * question could forge the answer as well.
 *
 * @returns what the user has agreed to, if anything, or the question to send instead of an answer
 * @throws Failure `not_confirmed`, or a failure that the operation itself would end with
 */
export async function agreed(
  operation: Operation,
  core: Core,
  input: unknown,
  call: Call,
  server: McpServer,
  { mcpReq }: ServerContext,
): Promise<
  | { readonly kind: 'go on'; readonly agreed: string | null | undefined }
  | { readonly kind: 'ask'; readonly question: InputRequiredResult }
> {
  if (!operation.consent || !canAsk(server, mcpReq.envelope)) return { kind: 'go on', agreed: undefined };
  const answer = inputResponse(mcpReq.inputResponses, key);
  if (answer.kind === 'elicit' && acceptedContent(mcpReq.inputResponses, key, Answer)?.confirm !== true) {
    throw new Failure('not_confirmed', {
      reason: answer.action === 'cancel' ? 'the user gave no answer' : 'the user did not agree',
      hint: 'Nothing was changed. Do not call this again unless the user asks for it.',
    });
  }
  const consent = await operation.consent(core, input, call);
  if (consent === null) return { kind: 'go on', agreed: null };
  if (answer.kind === 'elicit' && mcpReq.requestState() === consent) return { kind: 'go on', agreed: consent };
  return { kind: 'ask', question: question(core.say(consent), consent) };
}

function question(message: string, requestState: string): InputRequiredResult {
  const confirm = {
    type: 'boolean',
    title: 'Yes, do it',
    description: 'This cannot be undone.',
    default: false,
  } as const;
  const requestedSchema = { type: 'object' as const, properties: { confirm }, required: ['confirm'] };
  return inputRequired({ requestState, inputRequests: { [key]: inputRequired.elicit({ message, requestedSchema }) } });
}

const Elicitation = z.looseObject({
  elicitation: z.looseObject({ form: z.unknown().optional(), url: z.unknown().optional() }),
});

/** Whether the client can show its user a form. Older clients declare this with an empty object. */
function canAsk({ server }: McpServer, envelope: ServerContext['mcpReq']['envelope']): boolean {
  const meta: Readonly<Record<string, unknown>> = envelope ?? {};
  const declared = Elicitation.safeParse(meta[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities());
  if (!declared.success) return false;
  const { form, url } = declared.data.elicitation;
  return form !== undefined || url === undefined;
}
