// How many dates of a backfill stand where, as a bar.
import { count } from '../../lib/format';
import { type Counts, states, stateWords } from './progress';
import './backfill.css';

export function ProgressBar({ counts }: { counts: Counts }) {
  const all = states.reduce((sum, state) => sum + counts[state], 0);
  const text = states.flatMap((state) => (counts[state] > 0 ? [`${stateWords[state].toLowerCase()} ${count(counts[state])}`] : [])).join(', ');
  return (
    <span className="backfill-bar" role="img" aria-label={`Of ${count(all)} dates: ${text}`} title={text}>
      {states.map((state) =>
        counts[state] === 0 ? null : <i key={state} className={`backfill-${state}`} style={{ flexGrow: counts[state] }} />,
      )}
    </span>
  );
}
