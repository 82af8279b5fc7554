// All pipelines of the project: found, filtered, grouped, and changed many at a time.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, Pencil, Play } from 'lucide-react';
import { useNavigate } from 'react-router';

import { hasForms } from '../../api/forms';
import { pipelines } from '../../api/pipelines';
import { runs as runsApi, useRunPipeline, useRunPipelines } from '../../api/runs';
import { triggers as triggersApi } from '../../api/triggers';
import { RunDialog } from '../../core/forms/run-dialog';
import { SavedViews } from '../../core/saved-views';
import { plural, zone } from '../../lib/format';
import { useKeys } from '../../lib/keys';
import { useIsWide } from '../../lib/media';
import { useNow } from '../../lib/now';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { FilterChip } from '../../ui/chip';
import { SearchField } from '../../ui/field';
import { KeyHints, ListTable } from '../../ui/list-table';
import { Menu, MenuCheck, MenuChoice } from '../../ui/menu';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Views } from '../../ui/tabs';
import { columnsOf } from './columns';
import { ImportDialog } from './import-pipeline';
import { NewPipeline, NewPipelineDialog, type Way } from './new-pipeline';
import { grouped, type GroupBy, groupings, isIn, matches, type Row, rowsOf, type SortBy, sorted, sorts, type View, views } from './rows';
import { PipelinesFoot } from './selection';

const viewWords: Record<View, string> = { all: 'All', failing: 'Failing', running: 'Running', paused: 'Paused' };
const groupWords: Record<GroupBy, string> = { none: 'Nothing', tag: 'Tag', state: 'State' };
const sortWords: Record<SortBy, string> = { name: 'Name', last: 'Last run', next: 'Next run', usual: 'Usual time', blocks: 'Blocks' };

/** What the address says of a view. */
const viewNames = ['view', 'search', 'tag', 'group', 'sort', 'down'] as const;

/** Only what needs a look. */
function GroupNews({ rows }: { rows: readonly Row[] }) {
  const failed = rows.filter((row) => isIn('failing', row)).length;
  const running = rows.filter((row) => isIn('running', row)).length;
  return (
    <>
      {failed > 0 ? <Status tone="failed">{failed} failed</Status> : null}
      {running > 0 ? <Status tone="running">{running} running</Status> : null}
    </>
  );
}

/** Asks for what the forms of a pipeline want, and runs it. */
function RunOne({ pipeline, onClose }: { pipeline: string; onClose: () => void }) {
  const own = useQuery(pipelines.show(pipeline));
  const run = useRunPipeline();
  const navigate = useNavigate();
  return (
    <RunDialog
      pipeline={pipeline}
      known={own.data === undefined ? undefined : (own.data.variables ?? {})}
      start={(variables) => run.mutateAsync({ uuid: pipeline, variables }).then((id) => navigate(paths.run(pipeline, id)))}
      onClose={onClose}
    />
  );
}

export function PipelinesPage() {
  const list = useQuery(pipelines.list());
  const runs = useQuery(runsApi.list({ limit: 1000 }));
  const triggers = useQuery(triggersApi.list());
  const [search, change] = useSearch();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  // Home leads here with the question already asked.
  const asked = search.get('new');
  const [way, setWay] = useState<Way | undefined>(asked === 'blank' || asked === 'import' ? { way: asked } : undefined);
  const closeWay = () => {
    setWay(undefined);
    if (asked !== null) change({ new: undefined });
  };
  const run = useRunPipelines();
  const navigate = useNavigate();
  const isWide = useIsWide();
  const now = useNow();
  const minute = Math.floor(now / 60_000) * 60_000;

  const view = oneOf(search.get('view'), views);
  const group = oneOf(search.get('group'), groupings);
  const by = oneOf(search.get('sort'), sorts);
  const down = search.get('down') === '1';
  const text = search.get('search') ?? '';
  const wantedRun = search.get('run');
  const tags = search.getAll('tag');
  const tagKey = tags.join('\n');

  const rows = useMemo(() => rowsOf(list.data ?? [], runs.data?.runs ?? [], triggers.data ?? []), [list.data, runs.data, triggers.data]);
  const groups = useMemo(() => {
    const wanted = tagKey === '' ? [] : tagKey.split('\n');
    const left = rows.filter(
      (row) => isIn(view, row) && matches(row, text) && (wanted.length === 0 || row.pipeline.tags.some((tag) => wanted.includes(tag))),
    );
    return grouped(sorted(left, by, down), group).map((one) => ({ ...one, about: <GroupNews rows={one.rows} /> }));
  }, [rows, view, text, tagKey, by, down, group]);
  const columns = useMemo(() => columnsOf(isWide, minute, group === 'tag'), [isWide, minute, group]);

  const shown = groups.reduce((sum, one) => sum + one.rows.length, 0);
  const allTags = [...new Set(rows.flatMap((row) => row.pipeline.tags))].sort();
  const chosen = rows.filter((row) => selected.has(row.pipeline.uuid));
  const filters = (text === '' ? 0 : 1) + (tags.length > 0 ? 1 : 0) + (view === 'all' ? 0 : 1);
  const toggleTag = (tag: string, on: boolean) => change({ tag: on ? [...tags, tag] : tags.filter((one) => one !== tag) });
  const tagMenu = allTags.map((tag) => (
    <MenuCheck key={tag} checked={tags.includes(tag)} onChange={(on) => toggleTag(tag, on)}>
      {tag}
    </MenuCheck>
  ));
  const runOne = (row: Row) => {
    const { uuid } = row.pipeline;
    const start = async () => {
      if (await hasForms(uuid)) {
        change({ run: uuid });
        return;
      }
      const [id] = await run.mutateAsync([uuid]);
      if (id !== undefined) void navigate(paths.run(uuid, id));
    };
    // The page says why it did not start.
    start().catch(() => undefined);
  };
  useKeys((event) => {
    if (event.key === 'n') {
      event.preventDefault();
      setWay({ way: 'blank' });
    }
  });

  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Pipelines</h1>
        <Views
          label="Views"
          views={views.map((name) => ({ name, label: viewWords[name], count: rows.filter((row) => isIn(name, row)).length }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
        <NewPipeline onChoose={setWay} />
      </div>
      <div className="filter-line">
        <SearchField label="Name, block or tag" value={text} onChange={(value) => change({ search: value })} />
        {tags.length === 0 ? (
          allTags.length === 0 ? null : (
            <Menu
              trigger={
                <Button small look="quiet">
                  + Tag
                </Button>
              }
            >
              {tagMenu}
            </Menu>
          )
        ) : (
          <FilterChip property="Tag is" value={tags.join(', ')} menu={tagMenu} onRemove={() => change({ tag: [] })} />
        )}
        <span className="text-3 text-table">{shown === rows.length ? plural(rows.length, 'pipeline') : `${shown} of ${rows.length}`}</span>
        <span className="filter-rest">
          <SavedViews page="pipelines" names={viewNames} />
          <Menu
            align="end"
            trigger={
              <Button small look="quiet">
                Group <span style={{ color: 'var(--text-primary)' }}>{groupWords[group]}</span> <ChevronDown aria-hidden />
              </Button>
            }
          >
            <MenuChoice
              value={group}
              options={groupings.map((value) => ({ value, label: groupWords[value] }))}
              onChange={(value) => change({ group: value === 'none' ? undefined : value })}
            />
          </Menu>
          <Menu
            align="end"
            trigger={
              <Button small look="quiet">
                Sort <span style={{ color: 'var(--text-primary)' }}>{sortWords[by]}</span> <ChevronDown aria-hidden />
              </Button>
            }
          >
            <MenuChoice
              value={by}
              options={sorts.map((value) => ({ value, label: sortWords[value] }))}
              onChange={(value) => change({ sort: value === 'name' ? undefined : value, down: undefined })}
            />
          </Menu>
        </span>
      </div>
      {list.error === null ? null : <Failure title="The pipelines could not be loaded" error={list.error} onRetry={() => void list.refetch()} />}
      {run.error === null ? null : <Failure title="The pipeline was not started" error={run.error} />}
      <ListTable
        label="Pipelines"
        columns={columns}
        groups={groups}
        keyOf={(row) => row.pipeline.uuid}
        nameOf={(row) => row.pipeline.uuid}
        onOpen={(row) => void navigate(paths.editor(row.pipeline.uuid))}
        sort={{ column: by, down }}
        onSort={({ column, down: isDown }) => change({ sort: column === 'name' ? undefined : column, down: isDown ? '1' : undefined })}
        selected={selected}
        onSelect={setSelected}
        onKey={(key, row) => (key === 'r' ? runOne(row) : undefined)}
        isLoading={list.isPending}
        actions={(row) => (
          <>
            <Button small icon={<Play aria-hidden />} onClick={() => runOne(row)}>
              Run
            </Button>
            <ButtonLink small icon={<Pencil aria-hidden />} to={paths.editor(row.pipeline.uuid)}>
              Edit
            </ButtonLink>
          </>
        )}
        empty={
          rows.length === 0 ? (
            <Empty title="This project has no pipeline yet" action={<NewPipeline onChoose={setWay} />}>
              A pipeline is a notebook of blocks. Each block loads, changes or exports data, and hands it to the blocks below.
            </Empty>
          ) : (
            <Empty
              title="No pipeline matches"
              action={
                <Button onClick={() => change({ search: undefined, tag: [], view: undefined })}>Clear {plural(filters, 'filter')}</Button>
              }
            >
              {[text === '' ? '' : `“${text}”`, tags.length === 0 ? '' : `tag ${tags.join(', ')}`, view === 'all' ? '' : viewWords[view]]
                .filter(Boolean)
                .join(', ')}
            </Empty>
          )
        }
      />
      <div className="list-foot">
        {chosen.length > 0 ? (
          <PipelinesFoot rows={chosen} onClear={() => setSelected(new Set())} onClone={(from) => setWay({ way: 'clone', from })} onForm={(uuid) => change({ run: uuid })} />
        ) : (
          <>
            <KeyHints
              hints={[
                { keys: ['J', 'K'], does: 'move' },
                { keys: ['Enter'], does: 'open' },
                { keys: ['X'], does: 'select' },
                { keys: ['R'], does: 'run' },
                { keys: ['N'], does: 'new' },
              ]}
            />
            <span className="list-foot-end">Times in {zone}</span>
          </>
        )}
      </div>
      {wantedRun === null ? null : <RunOne key={wantedRun} pipeline={wantedRun} onClose={() => change({ run: undefined })} />}
      {way === undefined ? null : way.way === 'import' ? <ImportDialog onClose={closeWay} /> : <NewPipelineDialog way={way} onClose={closeWay} />}
    </div>
  );
}
