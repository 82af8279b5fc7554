// A real server on a project of its own, for the journeys through the editor.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { test as base } from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '../..');

function binary(): string {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const places = [process.env.BATON_BIN, join(target, 'debug/baton'), join(target, 'release/baton')];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found === undefined) throw new Error('there is no binary: build it, or name it in BATON_BIN');
  return found;
}

/** The flags with which Chromium keeps to this machine. */
export const CHROMIUM = {
  executablePath: process.env.BATON_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};

export interface Server {
  /** The address with the token that opens it. */
  door: string;
  url: string;
  project: string;
  close: () => Promise<void>;
}

/** A server that runs already, such as the one behind `npm run dev`: where it is, and where its pages are. */
function running(): Server | null {
  const { BATON_DOOR: door, BATON_PROJECT: project, BATON_WEB: web } = process.env;
  if (door === undefined || project === undefined) return null;
  return { door, url: web ?? new URL(door).origin, project, close: () => Promise.resolve() };
}

/** Starts the server on a copy of an example, or on an empty project, with all state in a folder of its own. */
export async function startServer(example: string | null): Promise<Server> {
  const known = running();
  if (known !== null) return known;
  const folder = mkdtempSync(join(tmpdir(), 'baton-editor-'));
  const project = join(folder, example ?? 'shop');
  if (example === null) {
    mkdirSync(project, { recursive: true });
    writeFileSync(join(project, 'metadata.yaml'), 'project_type: main\n');
    writeFileSync(join(project, 'io_config.yaml'), 'default: {}\n');
    mkdirSync(join(project, 'pipelines'));
  } else {
    cpSync(join(ROOT, 'examples', example), project, { recursive: true });
  }
  const python = process.env.BATON_TEST_PYTHON;
  const server: ChildProcess = spawn(
    binary(),
    ['start', project, '--port', String(20_000 + (process.pid % 20_000)), ...(python === undefined ? [] : ['--python', python])],
    { env: { ...process.env, BATON_HOME: join(folder, 'home') }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const door = await new Promise<string>((found, failed) => {
    let said = '';
    const hear = (text: Buffer) => {
      said += text.toString();
      const address = /http:\/\/\S+\?token=\w+/.exec(said)?.[0];
      if (address !== undefined) found(address);
    };
    server.stdout?.on('data', hear);
    server.stderr?.on('data', hear);
    server.on('exit', (code) => failed(new Error(`the server ended with ${code ?? 'a signal'}: ${said}`)));
  });
  const ended = new Promise<void>((resolved) => server.on('exit', () => resolved()));
  return {
    door,
    url: new URL(door).origin,
    project,
    close: async () => {
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A page with a session, and the server behind it. */
export const test = base.extend<{ example: string | null; server: Server }>({
  example: [null, { option: true }],
  server: async ({ example }, provide) => {
    const server = await startServer(example);
    await provide(server);
    await server.close();
  },
  baseURL: async ({ server }, provide) => {
    await provide(server.url);
  },
  page: async ({ server, page }, provide) => {
    await page.goto(server.door);
    await provide(page);
  },
});
