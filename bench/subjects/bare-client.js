// The smallest client that sends requests to Ironic one after the other: no client can be faster.
import { once } from 'node:events';
import { Agent, request } from 'node:http';

export function createClient(endpoint, more = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { 'content-type': 'application/json', 'x-openstack-ironic-api-version': '1.78', ...more };
  return {
    /** Sends JSON and returns the JSON of the answer. */
    async send(method, path, body) {
      const sent = request(`${endpoint}${path}`, { agent, method, headers });
      sent.end(body && JSON.stringify(body));
      const [answer] = await once(sent, 'response');
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    close: () => agent.destroy(),
  };
}
