// The panel of one block of a run: its error and logs, what it produced, what it read, what it used, and its child runs.
import { useEffect, useMemo, useRef } from 'react';
import { useQuery } from '@tanstack/react-query';
import { SquarePen } from 'lucide-react';
import { Link } from 'react-router';

import { logs } from '../../api/logs';
import { type Output, outputs } from '../../api/outputs';
import type { BlockRun, BlockRunError } from '../../api/runs';
import { count, duration, parseTime, size } from '../../lib/format';
import { paths } from '../../lib/paths';
import { blockTone, toneWords } from '../../lib/status';
import { ButtonLink } from '../../ui/button';
import { CodeLine } from '../../ui/code-line';
import { KindTile } from '../../ui/kind';
import { type Column, ListTable } from '../../ui/list-table';
import { LogLines } from '../../ui/log-lines';
import { Sentence } from '../../ui/sentence';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { Status, StatusIcon } from '../../ui/status';
import { Segments, TabPanel, Tabs } from '../../ui/tabs';
import { known, Resources } from './resources';
import type { RunBlock } from './run-model';

export const panels = ['logs', 'products', 'inputs', 'resources', 'children'] as const;
export type Panel = (typeof panels)[number];

/** A line outside of every function says no more. */
const inFunction = (name: string, words: string) => (name === '<module>' ? '' : `${words} ${name}`);

function ErrorView({ error, block }: { error: BlockRunError; block: RunBlock }) {
  const frames = error.errors;
  const last = frames.at(-1);
  return (
    <>
      <div className="run-error" role="group" aria-label="Error">
        <p className="run-error-message">
          <StatusIcon tone="failed" label="Failed" />
          <span>
            {error.exception === null ? null : <b style={{ color: 'var(--status-failed-fg)' }}>{error.exception}: </b>}
            {error.message}
          </span>
        </p>
        <p className="run-error-where">
          {last === undefined ? '' : `Line ${last.line} of ${block.name}${inFunction(last.function, ', in')}. `}
          {block.attempts > 1 ? `The last of ${block.attempts} attempts. ` : ''}
          {error.hint ?? ''}
        </p>
      </div>
      {frames.length > 0 ? (
        <div className="run-frames">
          <p className="section-title" style={{ marginBottom: 4 }}>
            Your code, most recent call last
          </p>
          {frames.map((frame, index) => (
            <div key={index} className="run-frame mono">
              <span>
                line {frame.line}
                {inFunction(frame.function, ' in')}
              </span>
              <CodeLine code={frame.code} caret={frame.caret} />
            </div>
          ))}
        </div>
      ) : null}
    </>
  );
}

/** Of a callback of the block: it changes nothing about the run. */
function CallbackError({ error }: { error: BlockRunError }) {
  const last = error.errors.at(-1);
  return (
    <div className="run-error" role="group" aria-label="Error of a callback">
      <p className="run-error-message">
        <StatusIcon tone="failed" label="Failed" />
        <span>
          A callback failed: {error.exception === null ? null : <b style={{ color: 'var(--status-failed-fg)' }}>{error.exception}: </b>}
          {error.message}
        </span>
      </p>
      <p className="run-error-where">
        {last === undefined ? '' : `Line ${last.line} of ${last.file}. `}
        The block and its run are as they were. {error.hint ?? ''}
      </p>
    </div>
  );
}

function Logs({ run, block, attempt }: { run: BlockRun; block: RunBlock; attempt: number | undefined }) {
  const list = useQuery({
    ...logs.ofRun(run.pipeline_run_id, { block: run.block_uuid }),
    refetchInterval: run.status === 'running' ? 1_000 : false,
  });
  const { refetch } = list;
  const standing = `${run.status} ${run.attempt}`;
  const seen = useRef(standing);
  useEffect(() => {
    // What it printed last came after the last time we asked.
    if (seen.current !== standing) void refetch();
    seen.current = standing;
  }, [standing, refetch]);
  const older = attempt === run.attempt ? undefined : run.attempts.find((one) => one.number === attempt);
  // Where it was raised is known of the newest attempt.
  const error = attempt === undefined || attempt === run.attempt ? run.metrics?.error : undefined;
  const records = attempt === undefined ? list.data?.records : list.data?.records.filter((one) => one.attempt === attempt);
  return (
    <>
      {error === undefined ? null : <ErrorView error={error} block={block} />}
      {older?.error === undefined || older.error === null ? null : (
        <div className="run-error" role="group" aria-label={`Error of attempt ${older.number}`}>
          <p className="run-error-message">
            <StatusIcon tone="failed" label="Failed" />
            <span>{older.error}</span>
          </p>
        </div>
      )}
      {run.callback_error === null ? null : <CallbackError error={run.callback_error} />}
      {run.reason === null ? null : (
        <p className="run-why">
          <span>
            {toneWords[blockTone(run)]}: <Sentence text={run.reason} />
          </span>
        </p>
      )}
      {list.error !== null ? (
        <Failure title="The logs could not be loaded" error={list.error} onRetry={() => void list.refetch()} />
      ) : records === undefined ? (
        <div style={{ padding: 12 }}>
          <Skeleton width={420} />
        </div>
      ) : records.length === 0 ? (
        error === undefined && run.callback_error === null && run.reason === null && typeof older?.error !== 'string' ? (
          <Empty look="row" title={run.started_at === null ? 'It has not started' : `${attempt === undefined ? 'It' : `Attempt ${attempt}`} printed and logged nothing`} />
        ) : null
      ) : (
        <LogLines label={`Log of ${run.block_uuid}`} lines={records} withBlock={false} />
      )}
    </>
  );
}

function text(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value).replace('-', '−') : JSON.stringify(value);
}

function OutputView({ output }: { output: Output }) {
  const { sample_data: sample } = output;
  return (
    <div>
      <p className="section-title" style={{ marginBottom: 6 }}>
        <span className="mono">{output.variable_uuid}</span>{' '}
        <span className="text-2" style={{ fontWeight: 400 }}>
          {output.shape === undefined ? output.kind : `${count(output.shape[0])} rows × ${output.shape[1]}`} · {size(output.bytes)}
        </span>
      </p>
      {sample === undefined ? null : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="table-scroll" role="region" aria-label={`Sample of ${output.variable_uuid}`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {sample.columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sample.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((value, at) => (
                    <td key={at} className={typeof value === 'number' ? 'number' : value === null ? 'text-3' : ''}>
                      {value === null ? <i>null</i> : text(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {output.text_data === undefined ? null : <pre>{output.text_data}</pre>}
    </div>
  );
}

function Products({ run }: { run: BlockRun }) {
  const list = useQuery(outputs.ofBlockRun(run.id));
  if (list.error !== null) return <Failure title="The products could not be loaded" error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return null;
  if (list.data.length === 0) return <Empty look="row" title={`${run.block_uuid} produced nothing in this run`} />;
  return (
    <div className="run-outputs">
      {list.data.map((output) => (
        <OutputView key={output.variable_uuid} output={output} />
      ))}
    </div>
  );
}

const childColumns: Column<BlockRun>[] = [
  { id: 'state', header: 'State', width: '104px', cell: (run) => <Status tone={blockTone(run)} look="quiet" /> },
  { id: 'name', header: 'Run', width: 'minmax(140px, 2fr)', cell: (run) => <span className="mono list-name">{run.block_uuid}</span> },
  {
    id: 'took',
    header: 'Time',
    width: '88px',
    align: 'right',
    cell: (run) =>
      run.started_at === null || run.completed_at === null ? <span className="text-3">–</span> : duration(parseTime(run.completed_at) - parseTime(run.started_at)),
  },
  { id: 'attempts', header: 'Attempts', width: '72px', align: 'right', cell: (run) => count(run.attempt) },
  { id: 'rows', header: 'Rows', width: '88px', align: 'right', cell: (run) => known(run.usage?.rows, count) },
  { id: 'bytes', header: 'Size', width: '80px', align: 'right', cell: (run) => known(run.usage?.bytes, size) },
  { id: 'memory', header: 'Memory', width: '80px', align: 'right', cell: (run) => known(run.usage?.peak_memory, size) },
];

/** The child runs of a dynamic block; what needs a look comes first. */
function Children({ block, onOpen }: { block: RunBlock; onOpen: (run: BlockRun) => void }) {
  const groups = useMemo(() => {
    const needsLook = (run: BlockRun) => run.status === 'failed' || run.status === 'running';
    const children = block.runs.filter((run) => run.block_uuid !== block.name);
    return [{ key: 'all', rows: [...children.filter(needsLook), ...children.filter((run) => !needsLook(run))] }];
  }, [block]);
  return (
    <ListTable
      label={`Child runs of ${block.name}`}
      columns={childColumns}
      groups={groups}
      keyOf={(run) => String(run.id)}
      nameOf={(run) => run.block_uuid}
      onOpen={onOpen}
    />
  );
}

export function BlockPanel({
  pipeline,
  block,
  blocks,
  child,
  onChild,
  panel,
  onPanel,
  attempt: wanted,
  onAttempt,
}: {
  pipeline: string;
  block: RunBlock;
  blocks: readonly RunBlock[];
  child: string | null;
  /** Another child run, with its logs. */
  onChild: (name: string) => void;
  panel: Panel;
  onPanel: (panel: Panel) => void;
  attempt: string | null;
  onAttempt: (attempt: string | undefined) => void;
}) {
  const run = block.runs.find((one) => one.block_uuid === child) ?? block.runs.find((one) => one.status === 'failed') ?? block.runs[0];
  if (run === undefined) return null;
  const inputs = block.upstream.flatMap((name) => blocks.find((one) => one.name === name) ?? []);
  const isDynamic = block.runs.length > 1;
  const shown: Panel = panel === 'children' && !isDynamic ? 'logs' : panel;
  // The newest eight, and the one that the address names.
  const attempts = Array.from({ length: run.attempt }, (_, index) => String(index + 1)).filter((one, index) => index >= run.attempt - 8 || one === wanted);
  const attempt = attempts.length > 1 ? attempts.find((one) => one === wanted) : undefined;
  return (
    <Tabs
      label={`About ${block.name}`}
      tabs={[
        { name: 'logs', label: block.tone === 'failed' ? 'Error and logs' : 'Logs' },
        { name: 'products', label: 'Products' },
        { name: 'inputs', label: 'Inputs', count: inputs.length },
        { name: 'resources', label: 'Resources' },
        ...(isDynamic ? [{ name: 'children', label: 'Child runs', count: block.runs.length - 1 } as const] : []),
      ]}
      value={shown}
      onChange={onPanel}
      bar={
        <>
          <span className="run-panel-block">
            <KindTile kind={block.kind} /> <b className="mono cut">{isDynamic ? run.block_uuid : block.name}</b>
          </span>
          <span className="run-panel-actions">
            {shown === 'logs' && attempts.length > 1 ? (
              <Segments
                label="Attempt"
                value={attempt ?? 'all'}
                options={[{ value: 'all', label: 'All attempts' }, ...attempts.map((one) => ({ value: one, label: one }))]}
                onChange={(value) => onAttempt(value === 'all' ? undefined : value)}
              />
            ) : null}
            <ButtonLink small icon={<SquarePen aria-hidden />} to={run.status === 'failed' ? paths.editorInputs(pipeline, block.name, run.pipeline_run_id) : paths.editor(pipeline, block.name)}>
              {run.status === 'failed' ? 'Open with its inputs' : 'Open in the notebook'}
            </ButtonLink>
          </span>
        </>
      }
    >
      <TabPanel value="logs">
        <Logs run={run} block={block} attempt={attempt === undefined ? undefined : Number(attempt)} />
      </TabPanel>
      <TabPanel value="products">
        <Products run={run} />
      </TabPanel>
      <TabPanel value="inputs">
        {inputs.length === 0 ? (
          <Empty look="row" title={`${block.name} reads no other block`} />
        ) : (
          <ul className="run-why">
            {inputs.map((input) => (
              <li key={input.name} style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
                <KindTile kind={input.kind} />
                <Link className="mono link" to={`?block=${input.name}&panel=products`}>
                  {input.name}
                </Link>
                <Status tone={input.tone} look="quiet" />
              </li>
            ))}
          </ul>
        )}
      </TabPanel>
      <TabPanel value="resources">
        <Resources run={run} onAttempt={(number) => onAttempt(String(number))} />
      </TabPanel>
      {isDynamic ? (
        <TabPanel value="children">
          <Children block={block} onOpen={(one) => onChild(one.block_uuid)} />
        </TabPanel>
      ) : null}
    </Tabs>
  );
}
