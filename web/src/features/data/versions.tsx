// The versions of a product, one for each run that made it, and how the chosen one differs from another.
import type { ProductVersion } from '../../api/products';
import { count, parseTime, plural, size } from '../../lib/format';
import { Button } from '../../ui/button';
import { Time } from '../../ui/time';
import { columnChanges } from './compare';

function signed(value: number): string {
  if (value === 0) return '±0';
  return value > 0 ? `+${count(value)}` : count(value);
}

function Difference({ chosen, other, onColumn }: { chosen: ProductVersion; other: ProductVersion; onColumn: (name: string) => void }) {
  const changes = columnChanges(other, chosen);
  const isFrame = chosen.kind === 'frame';
  const rows = (chosen.rows ?? 0) - (other.rows ?? 0);
  const fresh = changes.filter((change) => change.sign === '+').length;
  const gone = changes.filter((change) => change.sign === '−').length;
  return (
    <div className="difference">
      <dl className="difference-facts">
        {isFrame ? (
          <div>
            <dt className="text-meta text-2">rows, were {count(other.rows ?? 0)}</dt>
            <dd>
              {count(chosen.rows ?? 0)} <span className={rows === 0 ? 'text-3' : ''}>{signed(rows)}</span>
            </dd>
          </div>
        ) : null}
        {isFrame ? (
          <div>
            <dt className="text-meta text-2">
              columns, +{fresh} −{gone}
            </dt>
            <dd>{chosen.columns.length}</dd>
          </div>
        ) : null}
        <div>
          <dt className="text-meta text-2">was {size(other.bytes)}</dt>
          <dd>{size(chosen.bytes)}</dd>
        </div>
      </dl>
      {changes.length === 0 ? (
        <p className="product-note">{isFrame ? 'Types, shares of nulls and ranges are the same in every column.' : 'Values are not compared.'}</p>
      ) : (
        // A region that scrolls must be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="difference-columns" role="region" aria-label="Columns that differ" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col" aria-label="Change" />
                <th scope="col">Column</th>
                <th scope="col">Run {other.pipeline_run_id}</th>
                <th scope="col">Run {chosen.pipeline_run_id}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={`${change.sign} ${change.name}`}>
                  <td className={`mono difference-${change.sign === '+' ? 'new' : change.sign === '−' ? 'gone' : 'other'}`}>{change.sign}</td>
                  <td className="mono">
                    {change.sign === '−' ? (
                      change.name
                    ) : (
                      <button type="button" className="difference-name" onClick={() => onColumn(change.name)}>
                        {change.name}
                      </button>
                    )}
                  </td>
                  <td className="text-3">{change.before === '' ? '–' : change.before}</td>
                  <td>{change.after === '' ? '–' : change.after}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

export function Versions({
  versions,
  hasMore,
  chosen,
  other,
  onChoose,
  onCompare,
  onColumn,
}: {
  versions: readonly ProductVersion[];
  hasMore: boolean;
  chosen: ProductVersion;
  other: ProductVersion | undefined;
  onChoose: (run: number) => void;
  onCompare: (run: number) => void;
  onColumn: (name: string) => void;
}) {
  return (
    <section className="product-versions" aria-label="Versions">
      <div className="product-pane-head">
        <h2 className="section-title">Versions</h2>
        <span className="text-meta text-2">
          {hasMore ? 'the newest ' : ''}
          {count(versions.length)}, one for each run that made it
        </span>
        {other === undefined ? null : (
          <span className="product-tools text-meta text-2">
            Run {chosen.pipeline_run_id} against run {other.pipeline_run_id}
          </span>
        )}
      </div>
      <div className="versions-body">
        <ol className="versions-list" aria-label="Runs that made it">
          {versions.map((version) => {
            const isChosen = version === chosen;
            const isOther = version === other;
            return (
              <li key={version.pipeline_run_id} className={isChosen || isOther ? 'version-row version-row-on' : 'version-row'}>
                <button type="button" className="version-open" aria-current={isChosen ? 'true' : undefined} onClick={() => onChoose(version.pipeline_run_id)}>
                  <span className={`version-mark ${isChosen ? 'version-mark-a' : isOther ? 'version-mark-b' : ''}`}>{isChosen ? 'A' : isOther ? 'B' : ''}</span>
                  <b>Run {version.pipeline_run_id}</b>
                  <span className="text-2">{version.completed_at == null ? '' : <Time at={parseTime(version.completed_at)} />}</span>
                  <span className="number">{version.rows == null ? size(version.bytes) : count(version.rows)}</span>
                </button>
                {isChosen || isOther ? null : (
                  <Button small look="quiet" className="version-compare" aria-label={`Compare with run ${version.pipeline_run_id}`} onClick={() => onCompare(version.pipeline_run_id)}>
                    Compare
                  </Button>
                )}
              </li>
            );
          })}
        </ol>
        {other === undefined ? (
          <p className="product-note">{versions.length === 1 ? 'There is nothing to compare with yet: one run has made it.' : `This is the oldest of ${plural(versions.length, 'version')}.`}</p>
        ) : (
          <Difference chosen={chosen} other={other} onColumn={onColumn} />
        )}
      </div>
    </section>
  );
}
