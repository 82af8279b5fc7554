// Before the journeys: a copy of the example project with two small pipelines more, served by the real program.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;

/** A pipeline of one block, which does what `body` says. */
function addPipeline(project: string, name: string, body: string) {
  const folder = join(project, 'pipelines', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'metadata.yaml'),
    `name: ${name}\nuuid: ${name}\ntype: python\ntags: [journeys]\nblocks:\n- name: ${name}_block\n  uuid: ${name}_block\n  type: data_loader\n  language: python\n`,
  );
  writeFileSync(
    join(project, 'data_loaders', `${name}_block.py`),
    `@data_loader\ndef load(*args, **kwargs):\n    print('month 7 of 12')\n${body}`,
  );
}

export default async function serve() {
  const baton = process.env.BATON_BIN ?? join(here, '../../target/debug/baton');
  const folder = mkdtempSync(join(tmpdir(), 'baton-journeys-'));
  const project = join(folder, 'flights');
  cpSync(join(here, '../../examples/flights'), project, { recursive: true });
  rmSync(join(project, 'output'), { recursive: true, force: true });
  addPipeline(project, 'good', "    return {'rows': 7}\n");
  addPipeline(project, 'table', "    import pandas as pd\n    return pd.DataFrame({'city': ['Berlin', 'Lima', 'Quito', None], 'people': [3_700_000, 10_000_000, 1_900_000, 5]})\n");
  addPipeline(project, 'bad', "    raise ValueError('no rows today')\n");
  const env = { ...process.env, BATON_HOME: join(folder, 'home') };
  // Makes the environment of the project, so that no journey waits for it.
  execFileSync(baton, ['run', project, 'good', '--quiet'], { env, stdio: 'inherit' });
  execFileSync(baton, ['run', project, 'table', '--quiet'], { env, stdio: 'inherit' });
  const server = spawn(baton, ['start', project, '--port', '7420'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
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
  const { hostname, origin, searchParams } = new URL(address);
  mkdirSync(join(here, '../test-results'), { recursive: true });
  const session = { name, value, domain: hostname, path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Strict' };
  writeFileSync(join(here, '../test-results/session.json'), JSON.stringify({ cookies: [session], origins: [] }));
  process.env.BATON_ORIGIN = origin;
  process.env.BATON_TOKEN = searchParams.get('token') ?? '';
  return async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}
