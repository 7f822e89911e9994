'use strict';
/* Private channels and tokens that expire, against a real server. */
const test = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { cli, running, server } = require('./lib');

let secure;
test.before(async () => { secure = await server({ connection_lifetime: 3600 }); });
test.after(() => secure.stop());

const hmac = (...parts) => crypto.createHmac('sha256', 'secret').update(parts.join('')).digest('hex');
const env = () => ({ CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret', CENTRIFUGE_USER: 'u' });

/* A backend: answer(request, body) gives [status, JSON]. */
async function backend(answer) {
  const asked = [];
  const listener = http.createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      const body = JSON.parse(text);
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      const [status, value] = answer(body);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${listener.address().port}/auth`,
    asked,
    stop: () => new Promise((resolve) => { listener.closeAllConnections(); listener.close(resolve); }),
  };
}

/* A token for user 'u' made at `timestamp`, as options. */
const token = (timestamp) => ['--timestamp', String(timestamp), '--token', hmac('u', timestamp, '')];

test('sub, pub, presence and history sign private channels with --secret', async () => {
  const sub = running(['sub', '$chat:a', 'chat:public', '$chat:"b" é'], { env: env() });
  const channels = [];
  while (channels.length < 3) channels.push((await sub.event('subscribe')).channel);
  assert.deepStrictEqual(channels.sort(), ['$chat:"b" é', '$chat:a', 'chat:public']);
  assert.deepStrictEqual(await cli(['pub', '$chat:a', '{"n":1}'], { env: env() }), { code: 0, stdout: '', stderr: '' });
  const message = await sub.event('message');
  assert.strictEqual(message.channel, '$chat:a');
  assert.deepStrictEqual(message.data, { n: 1 });
  const history = await cli(['history', '--client', '$chat:a'], { env: env() });
  assert.deepStrictEqual(JSON.parse(history.stdout).map((one) => one.data), [{ n: 1 }]);
  const presence = await cli(['presence', '--client', '$chat:a'], { env: env() });
  assert.strictEqual(Object.keys(JSON.parse(presence.stdout)).length, 2);
  assert.strictEqual(await sub.stop(), 0);
});

test('--auth-endpoint is asked, also when there is a secret; one request for all channels', async () => {
  const signs = await backend(({ client, channels }) => [200, Object.fromEntries(channels.map((name) => [name, { sign: hmac(client, name, '{}'), info: '{}' }]))]);
  const now = Math.floor(Date.now() / 1000);
  for (const more of [{}, { CENTRIFUGE_SECRET: 'not the secret' }]) {
    const sub = running(['sub', '$chat:x', '$chat:y', '--auth-endpoint', signs.url, ...token(now)], { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_USER: 'u', ...more } });
    const { client } = await sub.event('connect');
    await sub.event('subscribe');
    await sub.event('subscribe');
    assert.strictEqual(await sub.stop(), 0);
    const { method, url, headers, body } = signs.asked.pop();
    assert.deepStrictEqual([method, url, headers['content-type']], ['POST', '/auth', 'application/json']);
    assert.deepStrictEqual(body, { client, channels: ['$chat:x', '$chat:y'] });
    assert.strictEqual(signs.asked.length, 0);
  }
  await signs.stop();
});

test('--auth-header is sent to the endpoint; the environment has one, and flags take its place', async () => {
  const signs = await backend(({ client, channels }) => [200, Object.fromEntries(channels.map((name) => [name, { sign: hmac(client, name) }]))]);
  const asks = async (args, more) => {
    const { code, stderr } = await cli(['pub', '$chat:h', '1', '--auth-endpoint', signs.url, ...args], { env: { ...env(), ...more } });
    assert.deepStrictEqual([code, stderr], [0, '']);
    return signs.asked.pop().headers;
  };
  const flagged = await asks(['--auth-header', 'Authorization: Bearer a:b', '--auth-header=X-Empty:'], { CENTRIFUGE_AUTH_HEADER: 'X-Other: 1' });
  assert.deepStrictEqual([flagged.authorization, flagged['x-empty'], flagged['x-other']], ['Bearer a:b', '', undefined]);
  assert.strictEqual((await asks([], { CENTRIFUGE_AUTH_HEADER: 'Cookie:session=1' })).cookie, 'session=1');
  await signs.stop();
});

test('--auth-header that is no header is wrong usage, and is not shown', async () => {
  for (const header of ['sesame', ': sesame', 'A b: sesame', 'A: sesame\r\nB: c', `${'a'.repeat(200)}: sesame`]) {
    const { code, stderr } = await cli(['sub', '$chat:x', '--auth-endpoint', 'http://127.0.0.1:1/', '--auth-header', header]);
    assert.strictEqual(code, 2, stderr);
    assert.match(stderr, /--auth-header is no header: give one line 'NAME: VALUE'/);
    assert.doesNotMatch(stderr, /sesame/);
  }
  const many = Array(17).fill(['--auth-header', 'A: b']).flat();
  assert.match((await cli(['sub', 'x', '--auth-endpoint', 'http://127.0.0.1:1/', ...many])).stderr, /more than 16 times/);
  const nowhere = await cli(['sub', 'x', '--auth-header', 'A: b', '--url', secure.url]);
  assert.strictEqual(nowhere.code, 2);
  assert.match(nowhere.stderr, /--auth-header is sent to --auth-endpoint: give that, too/);
});

test('an endpoint that refuses, or cannot be asked: 3', async () => {
  const refusing = await backend(() => [403, {}]);
  const busy = await backend(() => [503, {}]);
  const gone = await backend(() => [200, {}]);
  await gone.stop();
  for (const { url } of [refusing, busy, gone]) {
    for (const args of [['sub', '$chat:x'], ['pub', '$chat:x', '1'], ['history', '--client', '$chat:x']]) {
      const { code, stderr } = await cli([...args, '--auth-endpoint', url], { env: env() });
      assert.strictEqual(code, 3, stderr);
      assert.match(stderr, /\$chat:x.*authorization request failed/);
    }
  }
  await refusing.stop();
  await busy.stop();
});

test('a private channel with nobody to sign for it is wrong usage', async () => {
  const { code, stderr } = await cli(['sub', 'chat:a', '$chat:x', '--url', secure.url]);
  assert.strictEqual(code, 2);
  assert.match(stderr, /the channel \$chat:x is private: give --secret, or --auth-endpoint/);
  assert.strictEqual((await cli(['pub', '$chat:x', '1', '--url', secure.url])).code, 2);
  const wrong = await cli(['sub', '$chat:x', '--url', secure.url, '--auth-endpoint', '/auth']);
  assert.strictEqual(wrong.code, 2);
  assert.match(wrong.stderr, /--auth-endpoint is '\/auth': give all of an http/);
});

test('an expired token is renewed with --secret', async () => {
  const sub = running(['sub', '-n', '1', 'chat:renewed', '--timestamp', '1', '--info', '{"a":"é"}'], { env: env() });
  await sub.event('subscribe');
  assert.strictEqual((await cli(['pub', 'chat:renewed', '1', '--timestamp', '1'], { env: env() })).code, 0);
  assert.strictEqual(await sub.code, 0);
});

test('a token that cannot be renewed ends it: 3', async () => {
  const { code, stderr } = await cli(['sub', 'chat:a', '--url', secure.url, '--user', 'u', ...token(1)]);
  assert.strictEqual(code, 3);
  assert.match(stderr, /refresh failed: the token expired; give --secret/);
});
