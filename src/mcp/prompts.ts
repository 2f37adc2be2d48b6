import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const argument = (words: string) => z.string().optional().describe(words);

const argsSchema = z.object({
  image_id: argument('What to deploy: the id or name of an image, or a URL'),
  resource_class: argument('What kind of server, e.g. baremetal.small'),
  server_id: argument('Which server, by id or name, if it must be a certain one'),
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
      : 'Call list_images, and ask me which of those that are deployable I want.',
    server
      ? `The server is ${JSON.stringify(server)}.`
      : kind
        ? `Any free server of the class ${JSON.stringify(kind)} will do: leave the choice to provision_server.`
        : 'Call list_servers with state: available, and ask me for a resource class or a server of those.',
    hostname ? `Its host name is ${JSON.stringify(hostname)}.` : 'Ask me for a host name; I may do without.',
    'Ask me for the SSH public key of whoever shall log in. Without a key or user data nobody may be able to.',
    "Tell me what you are about to do, and that it overwrites the server's disk. Go on when I have agreed.",
    'Call provision_server once, with an idempotency_key of your own. If the call breaks off, repeat it with the same key and arguments: it then finds the first deployment. Keep the operation_id.',
    'Call check_provision_status with that operation_id and wait_seconds: 50 until status is completed or failed. It may take 30 minutes. Tell me when the phase changes.',
    'When completed: tell me the name and id of the server, and with which key I can log in. Its address you cannot know from here: it comes from the network (DHCP, Neutron) or network_data; the user is that of the image. The system may need some minutes to boot. When failed: tell me what failure says, and what its hint proposes. Do not provision again unless I say so.',
  ];
  const numbered = steps.map((step, index) => `${index + 1}. ${step}`);
  return ['Provision a bare-metal server for me, step by step:', ...numbered].join('\n');
}
