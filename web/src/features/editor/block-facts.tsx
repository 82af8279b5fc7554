// What is known of the selected block: what it takes and gives, how it ran, how its columns differ from its input's.
import { useQuery } from '@tanstack/react-query';

import { blockHistory } from '../../api/block-history';
import { face, mainFrame, shape, took } from '../../core/notebook/face';
import type { Block, Column } from '../../core/notebook/model';
import type { BlockState } from '../../core/notebook/standing';
import { typeWords } from '../../core/notebook/table';
import { count, duration, plural, size } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { KindTile } from '../../ui/kind';
import { Time } from '../../ui/time';
import { useBlocks, useSession, useStandings } from './use-session';

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function compared(before: readonly Column[], after: readonly Column[]) {
  const old = new Map(before.map((column) => [column.name, column.type]));
  const now = new Map(after.map((column) => [column.name, column.type]));
  return {
    fresh: after.filter((column) => !old.has(column.name)),
    gone: before.filter((column) => !now.has(column.name)),
    other: after.filter((column) => old.has(column.name) && old.get(column.name) !== column.type),
    same: after.filter((column) => old.get(column.name) === column.type).length,
  };
}

function ColumnsAgainst({ input, before, after }: { input: string; before: readonly Column[]; after: readonly Column[] }) {
  const { fresh, gone, other, same } = compared(before, after);
  if (fresh.length + gone.length + other.length === 0) return null;
  return (
    <section className="pane-part">
      <h3 className="pane-title">
        <span className="cut">Columns against {input}</span>
        <span className="text-3 text-meta">
          +{fresh.length} −{gone.length}, {same} same
        </span>
      </h3>
      <ul className="column-changes">
        {fresh.slice(0, 12).map((column) => (
          <li key={column.name}>
            <span className="changes-new">+</span> <span className="mono cut">{column.name}</span> <span className="text-3">{typeWords(column.type)}</span>
          </li>
        ))}
        {other.slice(0, 12).map((column) => (
          <li key={column.name}>
            <span className="text-2">~</span> <span className="mono cut">{column.name}</span> <span className="text-3">{typeWords(column.type)}</span>
          </li>
        ))}
        {gone.length > 0 ? (
          <li>
            <span className="changes-gone">−</span>{' '}
            <span className="mono cut">
              {gone
                .slice(0, 8)
                .map((column) => column.name)
                .join(', ')}
              {gone.length > 8 ? ` and ${gone.length - 8} more` : ''}
            </span>
          </li>
        ) : null}
      </ul>
    </section>
  );
}

/** How long it took lately, the newest at the right. */
function Lately({ uuid }: { uuid: string }) {
  const { pipeline } = useSession();
  const found = useQuery(blockHistory(pipeline, uuid));
  const past = [...(found.data ?? [])].reverse();
  if (past.length < 2) return null;
  const most = Math.max(1, ...past.map((run) => run.took));
  const good = past.filter((run) => run.status === 'completed').map((run) => run.took);
  const sorted = good.sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)];
  return (
    <section className="pane-part">
      <h3 className="pane-title">
        Last {plural(past.length, 'block run')}
        {median === undefined ? null : <span className="text-3 text-meta">median {duration(median)}</span>}
      </h3>
      <div className="last-runs">
        {past.map((run) => (
          <span
            key={run.run}
            className={`last-run last-run-${run.status}`}
            style={{ height: run.status === 'failed' ? 28 : Math.max(3, Math.sqrt(run.took / most) * 28) }}
            title={`Run ${run.run}: ${run.status}, ${duration(run.took)}`}
          />
        ))}
      </div>
    </section>
  );
}

export function BlockFacts({ block, state }: { block: Block; state: BlockState }) {
  const standings = useStandings();
  const blocks = useBlocks();
  const { newest, output } = state;
  const frameOf = (uuid: string) => mainFrame(standings.blocks.get(uuid)?.output?.products ?? []);
  const frame = mainFrame(output?.products ?? []);
  const readers = blocks.filter((one) => one.upstream.includes(block.uuid)).map((one) => one.uuid);
  const ms = newest ? took(state, newest.endedAt ?? newest.startedAt ?? 0) : null;
  const shown = face(state, block.file, 0);
  const [input] = block.upstream;
  const before = input === undefined ? undefined : frameOf(input);
  const bytes = (output?.products ?? []).reduce((sum, product) => sum + product.bytes, 0);
  return (
    <div className="facts">
      <section className="pane-part">
        <h3 className="facts-name">
          <KindTile kind={kindOf(block.kind)} />
          <span className="mono cut">{block.uuid}</span>
        </h3>
        <dl>
          {block.upstream.map((uuid) => {
            const from = frameOf(uuid);
            return (
              <Fact key={uuid} label={block.upstream.length > 1 ? `Input ${block.upstream.indexOf(uuid) + 1}` : 'Input'}>
                <span className="mono">{uuid}</span>
                {from?.rows === undefined || from.rows === null ? '' : `, ${count(from.rows)} rows`}
              </Fact>
            );
          })}
          <Fact label="Output">
            {output === null
              ? 'none yet'
              : newest?.status === 'failed'
                ? 'none; the last good one is kept'
                : `${frame ? shape(frame) : plural(output.products.length, 'output')}, ${size(bytes)}`}
          </Fact>
          <Fact label="Ran">
            {newest?.startedAt == null ? (
              'never'
            ) : (
              <>
                <Time at={newest.endedAt ?? newest.startedAt} />
                {ms === null || newest.endedAt === null ? '' : `, ${duration(ms)}`}
              </>
            )}
          </Fact>
          {newest !== null && newest.attempt > 1 ? <Fact label="Attempts">{newest.attempt}</Fact> : null}
          {shown.tone === 'stale' ? <Fact label="Stale">{state.stale.length > 1 ? plural(state.stale.length, 'reason') : shown.words.replace('Stale: ', '')}</Fact> : null}
          {state.tests === null ? null : (
            <Fact label="Tests">
              {state.tests.passed} of {state.tests.total} passed
            </Fact>
          )}
          <Fact label="Used by">{readers.length === 0 ? 'no block' : <span className="mono">{readers.join(', ')}</span>}</Fact>
          {block.file === null ? null : (
            <Fact label="File">
              <span className="mono">{block.file}</span>
            </Fact>
          )}
        </dl>
      </section>
      {frame && before && input !== undefined ? <ColumnsAgainst input={input} before={before.columns} after={frame.columns} /> : null}
      <Lately uuid={block.uuid} />
    </div>
  );
}
