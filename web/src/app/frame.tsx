// What stands around every page: rail, top bar, and the door when there is no session.
import { useEffect, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation } from 'react-router';

import { ApiError } from '../api/client';
import { connect } from '../api/live';
import { status } from '../api/status';
import { Failure } from '../ui/states';
import { useCrumbs } from './crumbs';
import { Palette } from './palette';
import { Rail } from './rail';
import { Shortcuts } from './shortcuts';
import { SignIn } from './sign-in';
import { TopBar } from './top-bar';
import './frame.css';

/** Keeps the title of the window and the place of the focus in step with the page. */
function usePageChange(project: string | undefined) {
  const crumbs = useCrumbs();
  const { pathname } = useLocation();
  const title = [...crumbs.map((crumb) => crumb.label).reverse(), project ?? 'Baton'].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    document.getElementById('page')?.scrollTo(0, 0);
  }, [pathname]);
}

export function Frame() {
  const server = useQuery(status.show());
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [areKeysOpen, setKeysOpen] = useState(false);
  const hasSession = server.data !== undefined;
  usePageChange(server.data?.repo_path_relative);

  useEffect(() => (hasSession ? connect() : undefined), [hasSession]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const from = event.target;
      const isTyping =
        from instanceof HTMLElement && (from.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName));
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        setPaletteOpen((open) => !open);
      } else if (event.key === '?' && !isTyping) {
        setKeysOpen(true);
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);

  if (server.error instanceof ApiError && server.error.status === 401) return <SignIn />;
  return (
    <div className="frame">
      <a className="button skip" href="#page">
        Skip to the page
      </a>
      <Rail />
      <TopBar project={server.data?.repo_path_relative} onSearch={() => setPaletteOpen(true)} onHelp={() => setKeysOpen(true)} />
      <main className="frame-page" id="page" tabIndex={-1}>
        {server.error !== null && server.data === undefined ? (
          <div style={{ padding: 24 }}>
            <Failure title="The server cannot be reached" error={server.error} onRetry={() => void server.refetch()} />
          </div>
        ) : hasSession ? (
          <Outlet />
        ) : null}
      </main>
      <Palette isOpen={isPaletteOpen} onOpenChange={setPaletteOpen} />
      <Shortcuts isOpen={areKeysOpen} onOpenChange={setKeysOpen} />
    </div>
  );
}
