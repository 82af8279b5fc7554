// Before the journeys: a copy of the example project with two small pipelines more, served by the real program.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { preview, type ProxyOptions } from 'vite';

const here = import.meta.dirname;
const BROWSER_HOST = '127.0.0.1';

/** A port that nobody uses: several runs of the journeys may go on at a time. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, BROWSER_HOST, done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** A stream of events is open when its head has come; Node keeps that back until there is an event. */
const tellAtOnce: NonNullable<ProxyOptions['configure']> = (proxy) => {
  proxy.on('proxyRes', (_, __, response) => {
    setImmediate(() => {
      if (!response.headersSent) response.flushHeaders();
    });
  });
};

/** Built pages of a folder, with the data of the server: those that are not inside the program yet. */
async function pagesBeside(folder: string, server: string, token: string) {
  const target = { target: server, changeOrigin: false };
  // The door takes the right token out of the address.
  const door = `^/\\?token=${token}$`;
  const beside = await preview({
    root: join(here, '..'),
    build: { outDir: resolve(folder) },
    configFile: false,
    logLevel: 'warn',
    preview: { host: BROWSER_HOST, port: await freePort(), strictPort: true, proxy: { [door]: target, '/api': { ...target, configure: tellAtOnce }, '/websocket': { ...target, ws: true } } },
  });
  const address = beside.httpServer.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { origin: `http://${BROWSER_HOST}:${port ?? ''}`, close: () => beside.close() };
}

/** A pipeline of one block, which does what `body` says, as often as it may. */
function addPipeline(project: string, name: string, body: string, retries = 0) {
  const folder = join(project, 'pipelines', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'metadata.yaml'),
    `name: ${name}\nuuid: ${name}\ntype: python\ntags: [journeys]\nblocks:\n- name: ${name}_block\n  uuid: ${name}_block\n  type: data_loader\n  language: python\n${retries === 0 ? '' : `  retry_config: {retries: ${retries}, delay: 0}\n`}`,
  );
  writeFileSync(
    join(project, 'data_loaders', `${name}_block.py`),
    `@data_loader\ndef load(*args, **kwargs):\n    print('month 7 of 12')\n${body}`,
  );
}

/** A callback of the block of such a pipeline, for its failure. */
function addCallback(project: string, name: string, body: string) {
  const entry = `{name: ${name}_tell, uuid: ${name}_tell, type: callback, language: python, upstream_blocks: [${name}_block]}`;
  appendFileSync(join(project, 'pipelines', name, 'metadata.yaml'), `callbacks:\n- ${entry}\n`);
  mkdirSync(join(project, 'callbacks'), { recursive: true });
  writeFileSync(join(project, 'callbacks', `${name}_tell.py`), `@callback('failure')\ndef tell(result, **kwargs):\n${body}`);
}

/** A pipeline of so many blocks in ten chains, all of the same few lines. */
function addWide(project: string, name: string, blocks: number) {
  const uuid = (index: number) => `${name}_${String(index).padStart(3, '0')}`;
  const listed = Array.from({ length: blocks }, (_, index) => {
    const above = index < 10 ? '' : `\n  upstream_blocks: [${uuid(index - 10)}]`;
    writeFileSync(join(project, 'custom', `${uuid(index)}.py`), '@custom\ndef step(*args, **kwargs):\n    return 1\n');
    return `- name: ${uuid(index)}\n  uuid: ${uuid(index)}\n  type: custom\n  language: python${above}\n`;
  });
  const folder = join(project, 'pipelines', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'metadata.yaml'), `name: ${name}\nuuid: ${name}\ntype: python\ntags: [journeys]\nblocks:\n${listed.join('')}`);
}

export default async function serve() {
  const baton = process.env.BATON_BIN ?? join(here, '../../target/debug/baton');
  const folder = mkdtempSync(join(tmpdir(), 'baton-journeys-'));
  const project = join(folder, 'flights');
  cpSync(join(here, '../../examples/flights'), project, { recursive: true });
  rmSync(join(project, 'output'), { recursive: true, force: true });
  appendFileSync(join(project, 'metadata.yaml'), '\npools: {warehouse: 2}\n');
  addPipeline(project, 'good', "    return {'rows': 7}\n");
  addPipeline(project, 'table', "    import pandas as pd\n    return pd.DataFrame({'city': ['Berlin', 'Lima', 'Quito', None], 'people': [3_700_000, 10_000_000, 1_900_000, 5]})\n");
  addPipeline(project, 'bad', "    raise ValueError('no rows today')\n");
  addPipeline(project, 'tried', "    raise ValueError('no rows today')\n", 1);
  addCallback(project, 'tried', "    raise OSError('no mail today')\n");
  addPipeline(project, 'asked', "    print('city is', kwargs.get('city'), 'days are', kwargs.get('days'))\n    return {'rows': 7}\n");
  mkdirSync(join(project, 'custom'), { recursive: true });
  addWide(project, 'wide', 160);
  const env = { ...process.env, BATON_HOME: join(folder, 'home') };
  // Makes the environment of the project, so that no journey waits for it.
  execFileSync(baton, ['run', project, 'good', '--quiet'], { env, stdio: 'inherit' });
  execFileSync(baton, ['run', project, 'table', '--quiet'], { env, stdio: 'inherit' });
  const server = spawn(baton, ['start', project, '--port', String(await freePort())], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (piece: Buffer) => {
      said += piece.toString();
      const found = /http:\S+token=\w+/.exec(said);
      if (found !== null) resolve(found[0]);
    });
    server.on('exit', (code) => reject(new Error(`baton start ended with ${code}: ${said}`)));
  });
  const entered = await fetch(address, { redirect: 'manual' });
  const [cookie = ''] = (entered.headers.get('set-cookie') ?? '').split(';');
  const [name = '', value = ''] = cookie.split('=');
  const { origin, searchParams } = new URL(address);
  const token = searchParams.get('token') ?? '';
  const pages = process.env.BATON_PAGES;
  const beside = pages === undefined ? null : await pagesBeside(pages, origin, token);
  const shown = beside?.origin ?? origin;
  mkdirSync(join(here, '../test-results'), { recursive: true });
  const session = { name, value, domain: new URL(shown).hostname, path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Strict' };
  writeFileSync(join(here, '../test-results/session.json'), JSON.stringify({ cookies: [session], origins: [] }));
  process.env.BATON_ORIGIN = shown;
  process.env.BATON_PROJECT = project;
  process.env.BATON_TOKEN = token;
  return async () => {
    await beside?.close();
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}
