// Pipelines whose last run was not as usual.
import { Link } from 'react-router';

import { count, duration } from '../../lib/format';
import { paths } from '../../lib/paths';
import { PlainHead } from '../../ui/plain-table';
import { type Odd, sparkline } from './home-model';

const WIDE = 120;
const HIGH = 18;

/** How long the last good runs took, on the zone of what is usual. */
function Sparkline({ odd }: { odd: Odd }) {
  const points = sparkline(odd.past, odd.usual, WIDE, HIGH);
  const last = points.at(-1);
  return (
    <svg className="sparkline" width={WIDE + 8} height={HIGH + 8} viewBox={`-4 -4 ${WIDE + 8} ${HIGH + 8}`} role="img" aria-label={`The last ${odd.past.length} good runs`}>
      <rect x={0} y={HIGH * 0.35} width={WIDE} height={HIGH * 0.3} fill="var(--bg-sunken)" />
      <polyline points={points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} fill="none" stroke="var(--chart-histogram-strong)" strokeWidth={1.25} />
      {last === undefined ? null : <circle cx={last[0]} cy={last[1]} r={2.5} fill={odd.text === '' ? 'var(--chart-histogram-strong)' : 'var(--status-warning-fg)'} />}
    </svg>
  );
}

export function NotAsUsual({ list }: { list: readonly Odd[] }) {
  const hasRows = list.some((one) => one.rows !== undefined);
  return (
    <table className="plain-table">
      <PlainHead columns={['Pipeline', 'Duration', { number: 'Last' }, { number: 'Usual' }, { number: 'Change' }, ...(hasRows ? [{ number: 'Rows' }] : [])]} />
      <tbody>
        {list.map((one) => (
          <tr key={one.pipeline}>
            <td className="odd-name">
              <Link className="list-name" to={paths.run(one.pipeline, one.run.id)} title={one.pipeline}>
                {one.pipeline}
              </Link>
            </td>
            <td className="odd-line">
              <Sparkline odd={one} />
            </td>
            <td className="number">{duration(one.took)}</td>
            <td className="number text-2">{duration(one.usual)}</td>
            <td className="number odd-off">{one.text}</td>
            {hasRows ? (
              <td className="number">
                {one.rows === undefined ? <span className="text-3">–</span> : count(one.rows)} {one.rowsText === '' ? null : <span className="odd-off">{one.rowsText}</span>}
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
