import { administrator } from '../../contract/lab.js';
import { type Cloud, given, type User } from './cloud.js';

/** An application credential, as a caller sends it. */
export interface Credential {
  readonly id: string;
  readonly name: string;
  readonly authorization: string;
  /** Revokes it at Keystone. */
  revoke(): Promise<void>;
}

/** A user with the role member in a project that owns servers. */
export interface Member {
  readonly name: string;
  readonly project: string;
  /** The ids of the project's servers. */
  readonly servers: readonly string[];
  readonly credential: Credential;
  /** Makes another credential, with all roles of the user or only with these. */
  another(name: string, ...roles: string[]): Promise<Credential>;
}

const serversOfEach = 4;

/** Two projects with servers of their own: Ana and Abe work in one, Ben in the other. */
export async function foundTwoTeams(cloud: Cloud) {
  const { auth_url, baremetal_endpoint, users, secrets, token } = cloud;
  const system = await token(users.system_admin);
  const admin = administrator(baremetal_endpoint, system);

  async function keystone(method: string, path: string, body?: object, as = system): Promise<unknown> {
    const headers = { 'content-type': 'application/json', 'x-auth-token': as };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${auth_url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  async function created(kind: string, values: object, path = `/${kind}s`, as = system): Promise<string> {
    const made = (await keystone('POST', path, { [kind]: values }, as)) as Record<string, { id: string }>;
    return given(made[kind]).id;
  }

  const { roles } = (await keystone('GET', '/roles')) as { roles: { id: string; name: string }[] };
  const member = given(roles.find(({ name }) => name === 'member')).id;
  const free = await admin.nodes(
    '&provision_state=available&associated=false&maintenance=false&resource_class=baremetal.small',
  );
  const unowned = free.filter(({ owner, lessee }) => !owner && !lessee);

  async function team(name: string, ...people: string[]): Promise<Member[]> {
    const project = await created('project', { name, domain_id: 'default' });
    const servers = unowned.splice(0, serversOfEach).map(({ uuid }) => uuid);
    if (servers.length < serversOfEach) throw new Error('too few servers are free');
    for (const id of servers) await admin.patch(id, { op: 'add', path: '/owner', value: project });
    return Promise.all(
      people.map(async (person) => {
        const password = crypto.randomUUID();
        secrets.add(password);
        const id = await created('user', { name: person, password, domain_id: 'default' });
        await keystone('PUT', `/projects/${project}/users/${id}/roles/${member}`);
        const user = { id, name: person, password, domain: 'Default', project: name };
        const another = (called: string, ...roles: string[]) => credential(user, called, roles);
        return { name: person, project: name, servers, credential: await another('laptop'), another };
      }),
    );
  }

  async function credential(user: User, name: string, only: readonly string[]): Promise<Credential> {
    const own = await token(user);
    const secret = crypto.randomUUID();
    const path = `/users/${user.id}/application_credentials`;
    const limits = only.length > 0 ? { roles: only.map((role) => ({ name: role })) } : {};
    const id = await created('application_credential', { name, secret, ...limits }, path, own);
    const authorization = basic(id, secret);
    secrets.add(secret).add(authorization);
    const revoke = async () => void (await keystone('DELETE', `${path}/${id}`, undefined, own));
    return { id, name, authorization, revoke };
  }

  const [ana, abe] = await team('team-red', 'ana', 'abe');
  const [ben] = await team('team-blue', 'ben');
  return { admin, ana: given(ana), abe: given(abe), ben: given(ben) };
}

/** The value of the header `Authorization`. */
export function basic(id: string, secret: string): string {
  return `Basic ${btoa(`${id}:${secret}`)}`;
}
