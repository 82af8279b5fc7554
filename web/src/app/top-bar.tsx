// The bar at the top: where one is, what runs now, search, help, theme.
import { useQuery } from '@tanstack/react-query';
import { CircleHelp, ChevronsUpDown, Monitor, Moon, Search, Sun } from 'lucide-react';
import { Link, useNavigate } from 'react-router';

import { useIsLive } from '../api/live';
import { pipelines } from '../api/pipelines';
import { runs } from '../api/runs';
import { parseTime, duration } from '../lib/format';
import { useNow } from '../lib/now';
import { paths } from '../lib/paths';
import { setTheme, type Theme, useIsDark, useTheme } from '../lib/theme';
import { Button, IconButton } from '../ui/button';
import { Menu, MenuChoice, MenuItem, MenuLabel } from '../ui/menu';
import { StatusIcon } from '../ui/status';
import { Key } from '../ui/tip';
import { type Crumb, useCrumbs } from './crumbs';

/** Asks for them when the menu is open: the list is long where pipelines are many or large. */
function OtherPipelines({ current }: { current: string }) {
  const list = useQuery(pipelines.list());
  const navigate = useNavigate();
  if (list.data === undefined) return <MenuLabel>{list.error === null ? 'Loading…' : list.error.message}</MenuLabel>;
  return list.data.map((pipeline) => (
    <MenuItem
      key={pipeline.uuid}
      disabledReason={pipeline.uuid === current ? 'It is open' : undefined}
      onSelect={() => void navigate(paths.editor(pipeline.uuid))}
    >
      {pipeline.uuid}
    </MenuItem>
  ));
}

function PipelineSwitcher({ current }: { current: string }) {
  return (
    <Menu
      trigger={
        <button type="button" className="crumb" aria-label="Switch to another pipeline">
          <ChevronsUpDown aria-hidden />
        </button>
      }
    >
      <MenuLabel>Pipelines</MenuLabel>
      <OtherPipelines current={current} />
    </Menu>
  );
}

function CrumbView({ crumb, isHere }: { crumb: Crumb; isHere: boolean }) {
  return (
    <li className={crumb.pipeline === undefined ? '' : 'crumb-keep'}>
      {isHere || crumb.to === undefined ? (
        <span className={`crumb cut ${isHere ? 'crumb-here' : ''}`} aria-current={isHere ? 'page' : undefined}>
          {crumb.label}
        </span>
      ) : (
        <Link className="crumb cut" to={crumb.to}>
          {crumb.label}
        </Link>
      )}
      {crumb.pipeline === undefined ? null : <PipelineSwitcher current={crumb.pipeline} />}
    </li>
  );
}

/** How many runs are under way; opens a list of them. Not there when nothing runs. */
function RunningNow() {
  const open = useQuery(runs.open());
  const now = useNow();
  const navigate = useNavigate();
  const running = open.data?.runs ?? [];
  if (running.length === 0) return null;
  const total = open.data?.total ?? running.length;
  return (
    <Menu
      align="end"
      trigger={
        <Button look="quiet" icon={<StatusIcon tone="running" />}>
          <span style={{ color: 'var(--text-primary)' }}>{total} running</span>
        </Button>
      }
    >
      {running.slice(0, 12).map((run) => (
        <MenuItem
          key={run.id}
          icon={<StatusIcon tone={run.status === 'running' ? 'running' : 'queued'} />}
          about={
            run.started_at === null
              ? `Run ${run.id} waits`
              : `Run ${run.id}, block ${Math.min(run.completed_block_runs_count + 1, run.block_runs_count)} of ${run.block_runs_count}, ${duration(now - parseTime(run.started_at))}`
          }
          onSelect={() => void navigate(paths.run(run.pipeline_uuid, run.id))}
        >
          {run.pipeline_uuid}
        </MenuItem>
      ))}
    </Menu>
  );
}

const themes = [
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'system', label: 'As the system has it' },
] satisfies { value: Theme; label: string }[];

function ThemeMenu() {
  const theme = useTheme();
  const isDark = useIsDark();
  const Icon = theme === 'system' ? Monitor : isDark ? Moon : Sun;
  return (
    <Menu
      align="end"
      trigger={
        <Button look="quiet" className="button-icon" aria-label="Theme">
          <Icon aria-hidden />
        </Button>
      }
    >
      <MenuChoice value={theme} options={themes} onChange={setTheme} />
    </Menu>
  );
}

export function TopBar({
  project,
  onSearch,
  onHelp,
}: {
  project: string | undefined;
  onSearch: () => void;
  onHelp: () => void;
}) {
  const crumbs = useCrumbs();
  const isLive = useIsLive();
  return (
    <header className="top">
      <nav className="crumbs" aria-label="Where you are">
        <ol>
          <li className="crumb-keep">
            <Link className="crumb" to={paths.home()}>
              {project ?? 'Baton'}
            </Link>
          </li>
          {crumbs.map((crumb, index) => (
            <CrumbView key={`${index}-${crumb.label}`} crumb={crumb} isHere={index === crumbs.length - 1} />
          ))}
        </ol>
      </nav>
      {project !== undefined && !isLive ? <span className="top-away">Not live: reconnecting</span> : null}
      <RunningNow />
      <button type="button" className="top-search" onClick={onSearch} aria-label="Search or run">
        <Search aria-hidden />
        <span>Search or run…</span>
        <Key>Ctrl K</Key>
      </button>
      <IconButton label="Keyboard shortcuts" keys="?" onClick={onHelp}>
        <CircleHelp aria-hidden />
      </IconButton>
      <ThemeMenu />
    </header>
  );
}
