'use strict';
/* Null for a server that ends at once. */
const started = (starting) => starting.catch((error) => {
  if (!error.message.startsWith('server did not start')) throw error;
  return null;
});
module.exports = {
  title: 'odd values in a JSON configuration, seen through admin info (server-spec 10.2 fix 10: ours may refuse the negative ones)',
  config: { admin: true, insecure_admin: true },
  async run(t) {
    let n = 0;
    const one = async (text, keys) => {
      const s = await started(t.start(1, { configText: '{"secret":"secret","address":"127.0.0.1","name":"n","admin":true,"insecure_admin":true,' + text + '}' }));
      if (!s) {
        t.note(text + ': refused');
        return;
      }
      t.use(s);
      const a = await t.open('A' + (++n), '/socket');
      a.ws.send('{"method":"connect","params":{"watch":true}}');
      await a.until(() => a.frames.length, 3000, 'connect');
      a.frames.shift();
      a.ws.send('{"method":"info"}');
      await a.until(() => a.frames.length, 3000, 'info');
      const c = JSON.parse(a.frames.shift())[0].body.data.config;
      t.note(text + ': ' + keys.map((k) => k + '=' + JSON.stringify(k in c ? c[k] : c.channel_options[k])).join(' '));
      a.closeSeen = true;
      a.ws.terminate();
      await s.stop();
    };
    await one('"history_size":"12","history_lifetime":3.9,"publish":"1","watch":"T","presence":"yes","recover":1', ['history_size', 'history_lifetime', 'publish', 'watch', 'presence', 'recover']);
    await one('"history_size":"0x20","history_lifetime":"010","publish":"false","watch":null,"presence":"TRUE","join_leave":"tRue"', ['history_size', 'history_lifetime', 'publish', 'watch', 'presence', 'join_leave']);
    await one('"history_size":true,"history_lifetime":"12s","publish":[],"anonymous":{}', ['history_size', 'history_lifetime', 'publish', 'anonymous']);
    await one('"history_size":-3,"history_lifetime":1e3,"max_channel_length":0,"client_channel_limit":-1', ['history_size', 'history_lifetime', 'max_channel_length', 'client_channel_limit']);
    await one('"ping_interval":1.5,"user_connection_limit":"","connection_lifetime":null,"private_channel_prefix":5', ['ping_interval', 'user_connection_limit', 'connection_lifetime', 'private_channel_prefix']);
    await one('"private_channel_prefix":"","namespace_channel_boundary":"::","user_channel_boundary":null,"user_channel_separator":true,"client_channel_boundary":1.5', ['private_channel_prefix', 'namespace_channel_boundary', 'user_channel_boundary', 'user_channel_separator', 'client_channel_separator']);
    await one('"namespaces":null', ['namespaces']);
    await one('"namespaces":[{"name":"n1","history_size":"5","publish":"true","watch":1,"history_lifetime":2.7}]', ['namespaces']);
    await one('"namespaces":[{"name":"n1","history_size":5,"Publish":true,"nosuch":1},{"name":"n2","history_lifetime":null}]', ['namespaces']);
    await one('"namespaces":"[]"', ['namespaces']);
    await one('"client_request_max_size":99999999999,"client_queue_max_size":"1000 "', ['client_request_max_size', 'client_queue_max_size']);
  },
};
