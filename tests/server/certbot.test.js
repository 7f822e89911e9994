'use strict';
/* A certificate that is renewed with share/certbot/deploy-hook, as docs/operating.md says: certbot's part is played by an authority of our own. */
const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tls = require('node:tls');
const { Server, Client, credentials, until, temporaryFolder } = require('./lib');

const HOOK = path.join(__dirname, '../../share/certbot/deploy-hook');
const NAME = 'example.org';

/* An authority, and what certbot leaves behind: a folder for each certificate, its key for its owner alone. */
class Authority {
  constructor(folder) {
    this.folder = folder;
    this.lineage = path.join(folder, 'live', NAME);
    fs.mkdirSync(this.lineage, { recursive: true });
    this.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '10', '-subj', '/CN=authority',
      '-keyout', 'authority.key', '-out', 'authority.crt');
    fs.writeFileSync(path.join(folder, 'names'), 'subjectAltName=DNS:' + NAME + '\n');
  }

  openssl(...args) { return execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] }); }

  get certificate() { return fs.readFileSync(path.join(this.folder, 'authority.crt')); }

  renew(serial) {
    this.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=' + NAME, '-keyout', 'new.key', '-out', 'new.csr');
    this.openssl('x509', '-req', '-in', 'new.csr', '-CA', 'authority.crt', '-CAkey', 'authority.key', '-set_serial', String(serial), '-days', '5',
      '-extfile', 'names', '-out', 'new.crt');
    const read = (name) => fs.readFileSync(path.join(this.folder, name));
    fs.writeFileSync(path.join(this.lineage, 'fullchain.pem'), Buffer.concat([read('new.crt'), this.certificate]));
    fs.writeFileSync(path.join(this.lineage, 'privkey.pem'), read('new.key'), { mode: 0o600 });
  }

  /* As certbot runs it. */
  deploy(reload) {
    const group = String(process.getgid());
    execFileSync(HOOK, { env: { PATH: process.env.PATH, RENEWED_LINEAGE: this.lineage, HOOK_FOLDER: path.join(this.folder, 'tls'), HOOK_GROUP: group, HOOK_RELOAD: reload } });
  }
}

/* The number of the certificate that who comes is shown; it has to be good for the name. */
function serialOf(server, authority) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', servername: NAME, ca: authority.certificate }, () => {
      resolve(parseInt(socket.getPeerCertificate().serialNumber, 16));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a renewed certificate is shown to who comes, and who is there stays', async () => {
  const folder = temporaryFolder();
  const authority = new Authority(folder);
  authority.renew(1);
  authority.deploy('true'); // there is no server yet
  const own = (name) => path.join(folder, 'tls', name);
  assert.strictEqual(fs.statSync(own('privkey.pem')).mode & 0o777, 0o640);
  const server = await Server.start({ ssl: true, ssl_cert: own('fullchain.pem'), ssl_key: own('privkey.pem'), pid_file: path.join(folder, 'pid') });
  try {
    assert.doesNotMatch(server.logged(), /is open to every user/);
    assert.strictEqual(await serialOf(server, authority), 1);
    const client = await Client.open(server, undefined, server.url, { ca: authority.certificate, servername: NAME });
    await client.command('connect', credentials('ann'));
    for (const serial of [2, 3]) {
      authority.renew(serial);
      authority.deploy('kill -HUP "$(cat ' + path.join(folder, 'pid') + ')"');
      await until(async () => await serialOf(server, authority) === serial, 'certificate ' + serial);
    }
    await client.command('ping');
    client.end();
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});
