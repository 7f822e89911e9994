'use strict';
/*
 * nginx in front of servers, as a page of docs/ sets it up: with its ports, and files of its own in a temporary folder.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { until, soon, temporaryFolder } = require('./lib');

/* Debian's: installed, or as scripts/install-packages unpacks it. */
const PROGRAM = ['/usr/sbin/nginx', path.join(__dirname, '../../build/nginx/usr/sbin/nginx')].find((file) => fs.existsSync(file));

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

class Nginx {
  /* `page`: in docs/; `addresses`: what stands there -> what is meant here. */
  static async start(page, port, addresses) {
    const self = new Nginx();
    let [, http] = /```nginx\n([^]*?)```/.exec(fs.readFileSync(path.join(__dirname, '../../docs', page), 'utf8'));
    for (const [written, meant] of Object.entries(addresses)) http = http.replace(written, meant);
    self.port = port;
    self.folder = temporaryFolder();
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => name + '_temp_path ' + self.folder + '/' + name + ';').join(' ');
    const file = path.join(self.folder, 'nginx.conf');
    fs.writeFileSync(file, 'daemon off; master_process off; pid ' + self.folder + '/pid; events {} http { access_log off; ' + paths + '\n' +
      http.replace('listen 80;', 'listen 127.0.0.1:' + port + ';') + '}');
    self.child = spawn(PROGRAM, ['-p', self.folder, '-e', self.folder + '/error.log', '-c', file], { stdio: 'inherit' });
    self.done = new Promise((resolve) => self.child.once('exit', resolve));
    await until(() => accepts(port), 'nginx to listen');
    return self;
  }

  async stop() {
    this.child.kill();
    await soon(this.done, 'nginx to end');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { Nginx };
