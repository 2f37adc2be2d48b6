import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const argument = (words: string) => z.string().optional().describe(words);

const argsSchema = z.object({
  image_id: argument('Image to deploy: its id, name or URL'),
  resource_class: argument('Resource class of the server, e.g. baremetal.small'),
  server_id: argument('Id or name of the server, if you want a particular one'),
  hostname: argument('Host name of the system'),
});
type Arguments = z.output<typeof argsSchema>;

/** A prompt that walks an agent through a deployment, from the choice to the running system. */
export function registerPrompts(server: McpServer): void {
  const title = 'Provision a bare-metal server';
  const description = 'Walks through a deployment: choose, ask the user, provision, wait, report';
  server.registerPrompt('provision', { title, description, argsSchema }, (given) => ({
    description,
    messages: [{ role: 'user', content: { type: 'text', text: walkThrough(given) } }],
  }));
}

function walkThrough({ image_id: image, resource_class: kind, server_id: server, hostname }: Arguments): string {
  const steps = [
    image
      ? `The image is ${JSON.stringify(image)}.`
      : 'Call list_images, and ask me which of the deployable images I want.',
    server
      ? `The server is ${JSON.stringify(server)}.`
      : kind
        ? `Any free server of the class ${JSON.stringify(kind)} will do: leave the choice to provision_server.`
        : 'Call list_servers with state: available, and ask me which resource class or server I want.',
    hostname ? `Its host name is ${JSON.stringify(hostname)}.` : 'Ask me for a host name. It is optional.',
    'Ask me for an SSH public key. Without a key or user data nobody can log in.',
    "Tell me what you are about to do, and that it overwrites the server's disk. Wait until I agree.",
    'Call provision_server once, with an idempotency_key. If the call gets no answer, repeat the same call with the same idempotency_key: it finds the first deployment. Keep the operation_id.',
    'Call check_provision_status with that operation_id and wait_seconds: 50 until status is completed or failed. This can take 30 minutes. Tell me when the phase changes.',
    'If it completed, tell me the name and id of the server, which key can log in, and what message says about logging in. Guess neither address nor user name. The system may need some minutes to boot. If it failed, tell me what failure says and what its hint proposes. Do not provision again unless I ask for it.',
  ];
  const numbered = steps.map((step, index) => `${index + 1}. ${step}`);
  return ['Provision a bare-metal server for me, step by step:', ...numbered].join('\n');
}
