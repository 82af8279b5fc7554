// What all runs print and log, or those of one pipeline: found by time, level, text, pipeline and block, as it happens.
import { useEffect, useMemo, useState } from 'react';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { Calendar, ChevronDown, ChevronUp, Copy, Download, ListFilter, X } from 'lucide-react';
import { Link, useParams } from 'react-router';

import { hearLogs, type LogRecord, logs } from '../../api/logs';
import { pipelines } from '../../api/pipelines';
import { queryClient } from '../../api/query-client';
import { type Run, runs } from '../../api/runs';
import { asText, bucketsOf, facetsOf, type Filter, levels, type Line, linesOf, matchesOf, merged, narrowed } from '../../core/log-view';
import { SavedViews } from '../../core/saved-views';
import { clock, count, day, exact, parseTime, plural, zone } from '../../lib/format';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, IconButton } from '../../ui/button';
import { SearchField } from '../../ui/field';
import { Menu, MenuChoice } from '../../ui/menu';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { FacetPane } from './facets';
import { Lines } from './lines';
import { Strip } from './strip';
import './logs.css';

const times = ['day', 'hour', 'week', 'all'] as const;
type Time = (typeof times)[number];
const timeWords: Record<Time, string> = { hour: 'Last hour', day: 'Last 24 hours', week: 'Last 7 days', all: 'All time' };
const spans: Record<Time, number> = { hour: 3_600, day: 86_400, week: 7 * 86_400, all: Infinity };

/** What the address says of a view. */
const viewNames = ['time', 'search', 'only', 'fold', 'level', 'pipeline', 'block', 'from', 'to', 'run'] as const;

/** The logs of so many runs are read at a time. */
const RUNS = 40;
const BUCKETS = 120;

const secondsOf = (text: string | null) => {
  if (text === null) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at / 1000;
};

const lastOf = (run: Run, now: number) => (run.completed_at === null ? now : parseTime(run.completed_at)) / 1000;

/** Reads on in the log of a run as soon as it says something. */
function useFollowing() {
  useEffect(() => {
    const due = new Set<number>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = hearLogs((run) => {
      due.add(run);
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const id of due) void queryClient.invalidateQueries({ queryKey: ['log-tail', id] });
        due.clear();
      }, 250);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
}

function Detail({ line, onClose }: { line: Line<LogRecord>; onClose: () => void }) {
  const { entry } = line;
  const { record } = entry;
  const tags = Object.keys(record.tags).length === 0 ? '' : `\n\n${JSON.stringify(record.tags, null, 2)}`;
  return (
    <section className="logs-detail" aria-label="The chosen line">
      <div className="logs-detail-head">
        <b>{exact(record.timestamp * 1000)}</b>
        <span className="text-2">{record.level.toLowerCase()}</span>
        <Link className="link" to={paths.run(entry.pipeline, record.pipeline_run_id, entry.block ?? undefined)}>
          Run {record.pipeline_run_id} of {entry.pipeline}
        </Link>
        {entry.block === null ? null : (
          <Link className="link mono" to={paths.editor(entry.pipeline, entry.block)}>
            {record.block_uuid}
          </Link>
        )}
        {record.attempt === null ? null : <span className="text-2">attempt {record.attempt}</span>}
        <span>
          <IconButton small look="quiet" label="Copy the message" onClick={() => void navigator.clipboard.writeText(record.message)}>
            <Copy aria-hidden />
          </IconButton>
          <IconButton small look="quiet" label="Close" onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        </span>
      </div>
      <pre className="mono">
        {record.message}
        {tags}
      </pre>
    </section>
  );
}

function download(text: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = 'logs.txt';
  link.click();
  URL.revokeObjectURL(link.href);
}

export function LogsPage() {
  const { pipeline: ofOne } = useParams();
  const [search, change] = useSearch();
  const isWide = useIsWide();
  const [limit, setLimit] = useState(RUNS);
  const [arePanesOpen, setPanesOpen] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [match, setMatch] = useState<number>();
  const [chosen, setChosen] = useState<Line<LogRecord>>();
  const minute = Math.ceil(useNow() / 60_000) * 60_000;
  useFollowing();

  const time = oneOf(search.get('time'), times);
  const text = (search.get('search') ?? '').trim();
  const isOnly = search.get('only') === '1' && text !== '';
  const isFolding = search.get('fold') !== '0';
  const ofRun = search.get('run');
  const filter = useMemo<Filter>(
    () => ({
      levels: levels.filter((level) => search.getAll('level').includes(level)),
      pipelines: ofOne === undefined ? search.getAll('pipeline') : [],
      blocks: search.getAll('block'),
      from: secondsOf(search.get('from')),
      to: secondsOf(search.get('to')),
    }),
    [search, ofOne],
  );
  const start = time === 'all' ? 0 : minute / 1000 - spans[time];

  const list = useQuery({ ...runs.list({ pipeline: ofOne, limit }), placeholderData: keepPreviousData });
  const owners = useQuery(pipelines.list());
  const types = useMemo(() => new Map((owners.data ?? []).flatMap((one) => one.blocks.map((block) => [`${one.uuid} ${block.uuid}`, block.type] as const))), [owners.data]);
  const found = (list.data?.runs ?? []).filter((run) => (ofRun === null ? lastOf(run, minute) >= start : String(run.id) === ofRun));
  const read = useQueries({
    queries: found.map((run) => ({ ...logs.tailOfRun(run.id, isOnly ? text : ''), placeholderData: keepPreviousData })),
    combine: (answers) => ({
      logs: answers.map((one) => one.data),
      isPending: answers.some((one) => one.isPending),
      error: answers.find((one) => one.error !== null)?.error ?? null,
      refetch: () => answers.forEach((one) => void one.refetch()),
    }),
  });
  const all = useMemo(
    () => merged(found.flatMap((run, at) => ({ pipeline: run.pipeline_uuid, records: read.logs[at]?.records ?? [] }))).filter((entry) => ofRun !== null || entry.record.timestamp >= start),
    // The runs change with what was read of them.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [read.logs, list.data, start, ofRun],
  );
  const first = all[0]?.record.timestamp;
  const last = all.at(-1)?.record.timestamp;
  const isWhole = time === 'all' || ofRun !== null;
  const from = isWhole ? (first ?? minute / 1000 - 3_600) : start;
  const to = isWhole ? Math.max((last ?? minute / 1000) + 1, from + 1) : minute / 1000;
  const shown = useMemo(() => narrowed(all, filter), [all, filter]);
  const facets = useMemo(() => facetsOf(all, filter), [all, filter]);
  const buckets = useMemo(() => bucketsOf(all, filter, from, to, BUCKETS), [all, filter, from, to]);
  const lines = useMemo(() => linesOf(shown, isFolding, opened), [shown, isFolding, opened]);
  const matches = useMemo(() => matchesOf(lines, text), [lines, text]);
  const current = match === undefined ? undefined : matches[Math.min(match, matches.length - 1)];
  const step = (by: number) => {
    if (matches.length > 0) setMatch(((match ?? (by > 0 ? -1 : 0)) + by + matches.length) % matches.length);
  };

  const filters = filter.levels.length + filter.pipelines.length + filter.blocks.length + (filter.from === null && filter.to === null ? 0 : 1) + (isOnly ? 1 : 0) + (ofRun === null ? 0 : 1);
  const clear = () => change({ level: undefined, pipeline: undefined, block: undefined, from: undefined, to: undefined, only: undefined, run: undefined });
  const cut = read.logs.filter((one) => one?.isCut === true).length;
  const older = (list.data?.total ?? 0) > limit;
  const isLoading = list.isPending || (read.isPending && all.length === 0);
  const range = filter.from === null && filter.to === null ? null : { from: filter.from ?? from, to: filter.to ?? to };
  const warnings = shown.filter((entry) => entry.level === 'warn').length;
  const errors = shown.filter((entry) => entry.level === 'error').length;
  return (
    <div className="logs">
      <h1 className="visually-hidden">Logs</h1>
      <div className="logs-bar">
        {isWide ? null : (
          <Button icon={<ListFilter aria-hidden />} aria-expanded={arePanesOpen} onClick={() => setPanesOpen((now) => !now)}>
            {filters === 0 ? 'Filters' : plural(filters, 'filter')}
          </Button>
        )}
        <div
          className="logs-search"
          role="presentation"
          onKeyDown={(event) => {
            if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
          }}
        >
          <SearchField
            label="Search the lines"
            value={search.get('search') ?? ''}
            onChange={(value) => {
              setMatch(undefined);
              change({ search: value });
            }}
          />
        </div>
        {text === '' ? null : (
          <>
            <span className="logs-matches" role="status">
              {matches.length === 0 ? 'No match' : match === undefined ? plural(matches.length, 'match', 'matches') : `${count(Math.min(match, matches.length - 1) + 1)} of ${count(matches.length)}`}
            </span>
            <IconButton small look="quiet" label="The match before" keys="Shift Enter" disabledReason={matches.length === 0 ? 'Nothing matches' : undefined} onClick={() => step(-1)}>
              <ChevronUp aria-hidden />
            </IconButton>
            <IconButton small look="quiet" label="The next match" keys="Enter" disabledReason={matches.length === 0 ? 'Nothing matches' : undefined} onClick={() => step(1)}>
              <ChevronDown aria-hidden />
            </IconButton>
            <Button small look="quiet" aria-pressed={isOnly} onClick={() => change({ only: isOnly ? undefined : '1' })}>
              {isOnly ? 'Show all lines' : 'Only these lines'}
            </Button>
          </>
        )}
        <span className="logs-end">
          {ofRun === null ? null : (
            <Button small onClick={() => change({ run: undefined })} aria-label={`Show all runs, not only run ${ofRun}`}>
              Run {ofRun} <X aria-hidden />
            </Button>
          )}
          {range === null ? null : (
            <Button small onClick={() => change({ from: undefined, to: undefined })} aria-label="Show the whole time">
              {clock(range.from * 1000)} to {clock(range.to * 1000)} <X aria-hidden />
            </Button>
          )}
          <SavedViews page={ofOne === undefined ? 'logs' : 'logs of one pipeline'} names={viewNames} />
          <Menu align="end" trigger={<Button icon={<Calendar aria-hidden />}>{timeWords[time]}</Button>}>
            <MenuChoice value={time} options={(['hour', 'day', 'week', 'all'] as const).map((value) => ({ value, label: timeWords[value] }))} onChange={(value) => change({ time: value === 'day' ? undefined : value, from: undefined, to: undefined })} />
          </Menu>
          <Button icon={<Download aria-hidden />} disabledReason={shown.length === 0 ? 'No line is shown' : undefined} onClick={() => download(asText(shown))}>
            Download
          </Button>
        </span>
      </div>
      <Strip buckets={buckets} from={from} to={to} chosen={range} onChoose={(one, other) => change({ from: new Date(one * 1000).toISOString(), to: new Date(other * 1000).toISOString() })} />
      <div className="logs-middle">
        {isWide || arePanesOpen ? <FacetPane facets={facets} filter={filter} types={types} withPipelines={ofOne === undefined} onChange={change} /> : null}
        <div className="logs-lines">
          {list.error === null && read.error === null ? null : (
            <div style={{ padding: 12 }}>
              <Failure
                title="The logs could not be read; these are the last lines that are known"
                error={list.error ?? read.error}
                onRetry={() => {
                  void list.refetch();
                  read.refetch();
                }}
              />
            </div>
          )}
          {isLoading ? (
            <div style={{ display: 'grid', gap: 8, padding: 12 }} role="status" aria-label="Loading">
              {Array.from({ length: 14 }, (_, at) => (
                <Skeleton key={at} width={`${38 + ((at * 17) % 44)}%`} />
              ))}
            </div>
          ) : lines.length === 0 ? (
            all.length > 0 || isOnly ? (
              <Empty title="No line matches" action={<Button onClick={clear}>Clear {plural(Math.max(1, filters), 'filter')}</Button>} />
            ) : (
              <Empty title={time === 'all' ? 'Nothing has been printed or logged yet' : `Nothing was printed or logged in the ${timeWords[time].toLowerCase()}`} action={time === 'all' ? undefined : <Button onClick={() => change({ time: 'all' })}>Show all time</Button>}>
                What blocks print and log stands here, of all runs together, while they go on.
              </Empty>
            )
          ) : (
            <Lines
              lines={lines}
              types={types}
              wanted={text}
              current={current}
              chosen={chosen?.key}
              onChoose={setChosen}
              onUnfold={(key) => setOpened((now) => new Set(now).add(key))}
            />
          )}
          {chosen === undefined ? null : <Detail line={chosen} onClose={() => setChosen(undefined)} />}
        </div>
      </div>
      <div className="logs-foot">
        <span role="status">
          {plural(shown.length, 'line')} of {plural(found.length, 'run')}
          {errors > 0 ? `, ${plural(errors, 'error')}` : ''}
          {warnings > 0 ? `, ${plural(warnings, 'warning')}` : ''}
          {first === undefined ? '' : `, since ${day(first * 1000, minute)} ${clock(first * 1000)}`}
          {read.isPending && !isLoading ? '; others are being read' : ''}
        </span>
        {cut > 0 ? <span className="text-3">Of {plural(cut, 'run')} only the newest lines</span> : null}
        {older && ofRun === null ? (
          <Button small look="quiet" onClick={() => setLimit(limit + RUNS)}>
            Read older runs
          </Button>
        ) : null}
        <span className="logs-end">
          <Button small look="quiet" aria-pressed={isFolding} onClick={() => change({ fold: isFolding ? '0' : undefined })}>
            {isFolding ? 'Repeats folded' : 'Repeats shown'}
          </Button>
          <span>Times in {zone}</span>
        </span>
      </div>
    </div>
  );
}
