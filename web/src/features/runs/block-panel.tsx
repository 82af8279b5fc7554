// The panel of one block of a run: its error and logs, what it produced, what it read.
import { useQuery } from '@tanstack/react-query';
import { SquarePen } from 'lucide-react';
import { Link } from 'react-router';

import { logs } from '../../api/logs';
import { type Output, outputs } from '../../api/outputs';
import type { BlockRun, BlockRunError } from '../../api/runs';
import { count, size } from '../../lib/format';
import { paths } from '../../lib/paths';
import { blockTone, toneWords } from '../../lib/status';
import { ButtonLink } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { KindTile } from '../../ui/kind';
import { LogLines } from '../../ui/log-lines';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { Status, StatusIcon } from '../../ui/status';
import { TabPanel, Tabs } from '../../ui/tabs';
import type { RunBlock } from './run-model';
import { Sentence } from './what-happened';

export const panels = ['logs', 'products', 'inputs'] as const;
export type Panel = (typeof panels)[number];

function ErrorView({ error, block }: { error: BlockRunError; block: RunBlock }) {
  const frames = error.errors ?? [];
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
          {last?.line === undefined ? '' : `Line ${last.line} of ${block.name}${last.function === undefined ? '' : `, in ${last.function}`}. `}
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
                line {frame.line} in {frame.function}
              </span>
              <span className="cut">{frame.code}</span>
            </div>
          ))}
        </div>
      ) : null}
    </>
  );
}

function Logs({ run, block }: { run: BlockRun; block: RunBlock }) {
  const list = useQuery({
    ...logs.ofRun(run.pipeline_run_id, { block: run.block_uuid }),
    refetchInterval: run.status === 'running' ? 1_000 : false,
  });
  const error = run.metrics?.error;
  return (
    <>
      {error === undefined ? null : <ErrorView error={error} block={block} />}
      {run.reason === null ? null : (
        <p className="run-why">
          <span>
            {toneWords[blockTone(run)]}: <Sentence text={run.reason} />
          </span>
        </p>
      )}
      {list.error !== null ? (
        <Failure title="The logs could not be loaded" error={list.error} onRetry={() => void list.refetch()} />
      ) : list.data === undefined ? (
        <div style={{ padding: 12 }}>
          <Skeleton width={420} />
        </div>
      ) : list.data.records.length === 0 ? (
        error === undefined && run.reason === null ? (
          <Empty look="row" title={run.started_at === null ? 'It has not started' : 'It printed and logged nothing'} />
        ) : null
      ) : (
        <LogLines label={`Log of ${run.block_uuid}`} lines={list.data.records} withBlock={false} />
      )}
    </>
  );
}

function text(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' ? value : JSON.stringify(value);
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

export function BlockPanel({
  pipeline,
  block,
  blocks,
  child,
  onChild,
  panel,
  onPanel,
}: {
  pipeline: string;
  block: RunBlock;
  blocks: readonly RunBlock[];
  child: string | null;
  onChild: (name: string) => void;
  panel: Panel;
  onPanel: (panel: Panel) => void;
}) {
  const run = block.runs.find((one) => one.block_uuid === child) ?? block.runs.find((one) => one.status === 'failed') ?? block.runs[0];
  if (run === undefined) return null;
  const inputs = block.upstream.flatMap((name) => blocks.find((one) => one.name === name) ?? []);
  return (
    <Tabs
      label={`About ${block.name}`}
      tabs={[
        { name: 'logs', label: block.tone === 'failed' ? 'Error and logs' : 'Logs' },
        { name: 'products', label: 'Products' },
        { name: 'inputs', label: 'Inputs', count: inputs.length },
      ]}
      value={panel}
      onChange={onPanel}
      bar={
        <>
          <span className="run-panel-block">
            <KindTile kind={block.kind} /> <b className="mono">{block.name}</b>
          </span>
          <span className="run-panel-actions">
            {block.runs.length > 1 ? (
              <SelectField
                label="Child run"
                hideLabel
                value={run.block_uuid}
                options={block.runs.map((one) => ({ value: one.block_uuid, label: `${one.block_uuid}, ${toneWords[blockTone(one)].toLowerCase()}` }))}
                onChange={onChild}
              />
            ) : null}
            <ButtonLink small icon={<SquarePen aria-hidden />} to={run.status === 'failed' ? paths.editorInputs(pipeline, block.name, run.pipeline_run_id) : paths.editor(pipeline, block.name)}>
              {run.status === 'failed' ? 'Open with its inputs' : 'Open in editor'}
            </ButtonLink>
          </span>
        </>
      }
    >
      <TabPanel value="logs">
        <Logs run={run} block={block} />
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
    </Tabs>
  );
}
