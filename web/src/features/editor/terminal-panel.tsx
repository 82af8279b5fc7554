// A shell of the project below the notebook. It is loaded when it is first opened.
import { useEffect, useRef, useState } from 'react';
import { FitAddon } from '@xterm/addon-fit';
import { type ITheme, Terminal } from '@xterm/xterm';
import { X } from 'lucide-react';

import '@xterm/xterm/css/xterm.css';
import { terminalAddress } from '../../api/terminal';
import { openShell, type Shell, type ShellState } from '../../core/terminal/shell';
import { useIsDark } from '../../lib/theme';
import { Button, IconButton } from '../../ui/button';
import { Key } from '../../ui/tip';
import { Splitter } from './splitter';
import { useView, useViewStore } from './use-session';
import { LOW, TERMINAL_BUTTON, TERMINAL_SCREEN } from './view';

/** Every other key belongs to the shell. */
const LEAVE = 'F6';

function themed(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const [red, green, yellow] = [token('status-failed-fg'), token('status-success-fg'), token('status-warning-fg')];
  const [blue, magenta, cyan] = [token('syntax-function'), token('syntax-keyword'), token('syntax-type')];
  const [black, white] = [token('text-primary'), token('text-secondary')];
  return {
    background: token('bg-surface'),
    foreground: token('syntax-text'),
    cursor: token('accent-solid'),
    cursorAccent: token('accent-on-solid'),
    selectionBackground: token('syntax-selection'),
    ...{ black, red, green, yellow, blue, magenta, cyan, white },
    ...{ brightBlack: token('text-tertiary'), brightRed: red, brightGreen: green, brightYellow: yellow },
    ...{ brightBlue: blue, brightMagenta: magenta, brightCyan: cyan, brightWhite: black },
  };
}

function words(state: ShellState): string {
  switch (state.at) {
    case 'connecting':
      return 'Connecting…';
    case 'open':
      return state.note ?? state.shell;
    case 'ended':
      return `Not running: ${state.why}`;
    case 'lost':
      return 'Not connected. The old shell has ended; a new one is tried.';
  }
}

export default function TerminalPanel() {
  const view = useViewStore();
  const height = useView((now) => now.terminalHeight);
  const isDark = useIsDark();
  const place = useRef<HTMLDivElement>(null);
  const open = useRef<{ terminal: Terminal; shell: Shell } | null>(null);
  const [state, setState] = useState<ShellState>({ at: 'connecting' });

  useEffect(() => {
    const parent = place.current;
    if (parent === null) return undefined;
    const terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono'),
      fontSize: 13,
      scrollback: 5_000,
      screenReaderMode: true,
      // A program's own colours stay legible in both themes.
      minimumContrastRatio: 4.5,
      theme: themed(),
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(parent);
    fit.fit();
    const shell = openShell(terminalAddress, {
      show: (data, shown) => terminal.write(data, shown),
      size: () => ({ columns: terminal.cols, rows: terminal.rows }),
      onState: setState,
    });
    const encoder = new TextEncoder();
    terminal.onData((text) => shell.type(encoder.encode(text)));
    terminal.onBinary((text) => shell.type(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => shell.resize({ columns: cols, rows }));
    terminal.attachCustomKeyEventHandler((event) => event.key !== LEAVE);
    const watch = new ResizeObserver(() => fit.fit());
    watch.observe(parent);
    const press = (event: KeyboardEvent) => {
      if (event.key !== LEAVE || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      if (parent.contains(document.activeElement)) document.getElementById(TERMINAL_BUTTON)?.focus();
      else terminal.focus();
    };
    window.addEventListener('keydown', press);
    terminal.focus();
    open.current = { terminal, shell };
    return () => {
      open.current = null;
      window.removeEventListener('keydown', press);
      watch.disconnect();
      shell.end();
      terminal.dispose();
    };
  }, []);

  useEffect(() => {
    if (open.current) open.current.terminal.options.theme = themed();
  }, [isDark]);

  return (
    <section className="shell" aria-label="Terminal" style={{ '--terminal': `${height}px` }}>
      <Splitter label="Height of the terminal" side="bottom" width={height} {...LOW} onChange={(next) => view.set((now) => ({ ...now, terminalHeight: next }))} />
      <header className="drawer-head">
        <h3 className="section-title">Terminal</h3>
        <span className="shell-state cut" role="status">
          {words(state)}
        </span>
        {state.at === 'ended' ? (
          <Button
            small
            onClick={() => {
              open.current?.shell.again();
              open.current?.terminal.focus();
            }}
          >
            New shell
          </Button>
        ) : null}
        <span className="text-meta shell-leave">
          <Key>{LEAVE}</Key> leaves it
        </span>
        <IconButton
          small
          look="quiet"
          label="Close the terminal and end what runs in it"
          onClick={() => {
            view.set((now) => ({ ...now, isTerminalOpen: false }));
            document.getElementById(TERMINAL_BUTTON)?.focus();
          }}
        >
          <X aria-hidden />
        </IconButton>
      </header>
      <div ref={place} id={TERMINAL_SCREEN} className="shell-screen" />
    </section>
  );
}
