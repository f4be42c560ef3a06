/** The page of `GET /docs`, made in the browser. Whatever it shows is put in as text. */
const $ = (id) => document.getElementById(id);

function make(tag, text, more = {}) {
  const element = Object.assign(document.createElement(tag), more);
  if (text !== undefined) element.textContent = text;
  return element;
}

async function begin() {
  const spec = await (await fetch('/openapi.json')).json();
  $('version').textContent = spec.info.version;
  const operations = new Map();
  for (const [path, item] of Object.entries(spec.paths)) {
    const [[method, operation]] = Object.entries(item);
    const schema = operation.requestBody?.content?.['application/json']?.schema ?? {};
    operations.set(operation.operationId, { path, method, schema, ...operation });
  }
  list([...operations.keys()]);
  const go = () => show(operations.get(decodeURIComponent(location.hash.slice(1))) ?? first);
  const first = operations.get('message.send');
  addEventListener('hashchange', go);
  go();
}

function list(names) {
  const groups = Map.groupBy(names, (name) => name.split('.')[0]);
  for (const [noun, own] of [...groups].sort()) {
    const links = own.map((name) => make('a', name, { href: `#${name}` }));
    $('nav').append(make('h2', noun), ...links);
  }
}

function show(operation) {
  for (const link of document.querySelectorAll('nav a')) {
    const isCurrent = link.hash === `#${operation.operationId}`;
    link.toggleAttribute('data-current', isCurrent);
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { operationId: name, summary, description } = operation;
  const about = make('p', description, { className: 'soft' });
  const parts = [make('h2', name), make('p', summary), about, ...fields(operation)];
  const isPosted = operation.method === 'post';
  $('main').replaceChildren(...parts, ...(isPosted ? trial(operation) : stream(operation)));
}

function fields({ schema }) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, part]) => {
    const row = make('tr');
    row.append(make('td', name), make('td', typeOf(part)), make('td', mustOf(schema, name)));
    return row;
  });
  if (rows.length === 0) return [];
  const table = make('table');
  table.append(...rows);
  return [make('h3', 'Input'), table];
}

function mustOf({ properties, required = [] }, name) {
  const { default: otherwise } = properties[name];
  if (otherwise !== undefined) return `else ${JSON.stringify(otherwise)}`;
  return required.includes(name) ? 'required' : '';
}

function typeOf(schema = {}) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type !== 'object' || !schema.properties) return schema.type ?? 'anything';
  const inner = Object.entries(schema.properties).map(([name, part]) => `${name}: ${typeOf(part)}`);
  return `{ ${inner.join(', ')} }`;
}

/** What must be there, filled with something to write over. */
function exampleOf({ properties = {}, required = [] }) {
  const value = (part) => {
    if (part.default !== undefined) return part.default;
    if (part.enum) return part.enum[0];
    if (part.anyOf) return value(part.anyOf[0]);
    if (part.type === 'object') return exampleOf(part);
    return { integer: 1, number: 1, boolean: true, array: [] }[part.type] ?? '…';
  };
  const wanted = required.filter((name) => properties[name]?.default === undefined);
  return Object.fromEntries(wanted.map((name) => [name, value(properties[name])]));
}

function trial(operation) {
  const example = JSON.stringify(exampleOf(operation.schema), null, 2);
  const input = make('textarea', example, { spellcheck: false });
  input.setAttribute('aria-label', 'Input as JSON');
  const curl = make('pre');
  const reply = make('pre', 'Nothing sent yet.', { className: 'soft' });
  reply.setAttribute('aria-live', 'polite');
  const button = make('button', 'Send', { type: 'button', title: 'Ctrl+Enter' });
  const send = () => ask(operation.path, input.value, reply);
  const tell = () => (curl.textContent = curlOf(operation, input.value));
  button.onclick = send;
  input.onkeydown = ({ key, ctrlKey, metaKey }) =>
    key === 'Enter' && (ctrlKey || metaKey) && send();
  input.oninput = tell;
  $('token').oninput = tell;
  tell();
  const line = make('p');
  line.append(button);
  const heads = ['Try it', 'Reply', 'With curl'].map((text) => make('h3', text));
  return [heads[0], input, line, heads[1], reply, heads[2], curl];
}

function stream(operation) {
  const curl = make('pre', curlOf(operation, ''));
  return [make('p', 'A stream: send it or take it with curl.'), make('h3', 'With curl'), curl];
}

async function ask(path, body, reply) {
  const token = $('token').value;
  const headers = { 'content-type': 'application/json' };
  if (token !== '') headers.authorization = `Bearer ${token}`;
  reply.className = 'soft';
  reply.textContent = '…';
  try {
    const response = await fetch(path, { method: 'POST', headers, body });
    reply.className = response.ok ? '' : 'bad';
    reply.textContent = `${response.status}\n\n${pretty(await response.text())}`;
  } catch (error) {
    reply.className = 'bad';
    reply.textContent = String(error);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function curlOf({ method, path }, body) {
  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const compact = pretty(body).replaceAll(/\n\s*/g, ' ');
  const parts = [`curl -X ${method.toUpperCase()} ${location.origin}${path}`];
  if ($('token').value !== '') parts.push('-H "Authorization: Bearer $SIGNALBOX_TOKEN"');
  if (method === 'post') parts.push(`-H 'Content-Type: application/json' -d ${quoted(compact)}`);
  if (method === 'put') parts.push('-T FILE');
  if (method === 'get') parts.push('-O -J');
  return parts.join(' ');
}

begin().catch((error) => {
  $('main').textContent = `The description of the API cannot be read: ${error}`;
});
