// Small drawings of how long runs took: the last ones as bars, and one against what is usual.
import { Link } from 'react-router';

import { againstUsual, type History, type Past } from '../core/history';
import { duration, exact } from '../lib/format';
import { toneWords } from '../lib/status';
import './run-bars.css';

const HEIGHT = 16;
const USUAL = 9;
const CUT = 13;

function look(run: Past, usual: number | undefined): { className: string; height: number } {
  if (run.tone === 'failed') return { className: 'run-bar-failed', height: HEIGHT + 2 };
  if (run.tone === 'running' || run.tone === 'queued') return { className: `run-bar-${run.tone}`, height: USUAL };
  if (run.tone === 'cancelled') return { className: 'run-bar-cancelled', height: 6 };
  if (run.tone === 'skipped') return { className: '', height: 1 };
  const against = againstUsual(run.took ?? 0, run.took === undefined ? 0 : (usual ?? 0));
  if (against.slow) return { className: 'run-bar-slow', height: HEIGHT };
  return { className: '', height: Math.max(2, Math.min(CUT, Math.round(USUAL * 2 * against.share))) };
}

export function RunBars({ history, linkTo, most = 14, current }: { history: History; linkTo: (id: number) => string; most?: number; current?: number }) {
  const shown = history.past.slice(-most);
  if (shown.length === 0) return <span className="text-3">–</span>;
  return (
    <span className="run-bars">
      {shown.map((run) => {
        const { className, height } = look(run, history.usual);
        const took = run.took === undefined ? '' : `, ${duration(run.took)}`;
        const label = `Run ${run.id}: ${toneWords[run.tone]}${took}, ${exact(run.at)}`;
        return (
          <Link
            key={run.id}
            to={linkTo(run.id)}
            className={`run-bar ${className} ${run.id === current ? 'run-bar-here' : ''}`}
            aria-current={run.id === current ? 'page' : undefined}
            style={{ height }}
            title={label}
            aria-label={label}
            tabIndex={-1}
          />
        );
      })}
    </span>
  );
}

export function AgainstUsual({ took, usual, live }: { took: number; usual: number; live: boolean }) {
  const { text, slow, share } = againstUsual(took, usual);
  return (
    <span className={`against ${slow ? 'against-slow' : live ? 'against-live' : ''}`} title={`${duration(took)}, usually ${duration(usual)}`}>
      <span className="against-track">
        <span className="against-fill" style={{ width: `${Math.min(1, share) * 100}%` }} />
        <span className="against-usual" />
      </span>
      {text === '' ? null : <span className="against-text">{text}</span>}
    </span>
  );
}
