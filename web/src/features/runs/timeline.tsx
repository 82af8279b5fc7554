// When each block of a run was at work.
import { duration } from '../../lib/format';
import { toneWords } from '../../lib/status';
import { KindTile } from '../../ui/kind';
import { Status } from '../../ui/status';
import { type RunBlock, ticks } from './run-model';
import { Sentence } from './what-happened';
import './timeline.css';

/** Whole seconds need no fraction. */
const tick = (at: number) => (at % 1000 === 0 && at < 60_000 ? `${at / 1000} s` : duration(at));

const percent = (share: number) => `${share * 100}%`;

function Lane({ block, from, length, now, isCritical }: { block: RunBlock; from: number; length: number; now: number; isCritical: boolean }) {
  const { started } = block;
  if (started === undefined) {
    const text = block.reason ?? (block.tone === 'queued' ? 'waits' : '');
    return (
      <span className="timeline-words cut">
        <Sentence text={text} />
      </span>
    );
  }
  const ended = block.ended ?? now;
  const left = (started - from) / length;
  const width = (ended - started) / length;
  const took = duration(ended - started);
  const more = block.runs.length > 1 ? `, ${block.runs.length - 1} child runs` : block.attempts > 1 ? `, ${block.attempts} attempts` : '';
  const fits = width > 0.16;
  const look = block.tone === 'failed' ? 'timeline-bar-failed' : block.tone === 'running' ? 'timeline-bar-running' : '';
  const out = fits ? '' : left + width > 0.75 ? 'timeline-bar-out timeline-bar-left' : 'timeline-bar-out';
  return (
    <>
      <span
        className={`timeline-bar ${look} ${out}`}
        style={{ left: percent(left), width: percent(width) }}
        title={`${block.name}: ${toneWords[block.tone]} after ${took}${more}`}
      >
        <span>
          {took}
          {more}
        </span>
      </span>
      {isCritical ? <span className="timeline-critical" style={{ left: percent(left), width: percent(width) }} /> : null}
    </>
  );
}

export function Timeline({
  blocks,
  path,
  from,
  to,
  isOver,
  isFailed,
  now,
  selected,
  onSelect,
}: {
  blocks: readonly RunBlock[];
  path: readonly string[];
  from: number;
  to: number;
  isOver: boolean;
  isFailed: boolean;
  now: number;
  selected: string | undefined;
  onSelect: (name: string) => void;
}) {
  const length = Math.max(1, to - from);
  const steps = ticks(length, 8).filter((at) => at < length * 0.94);
  const color = !isOver ? 'var(--accent-fg)' : isFailed ? 'var(--status-failed-fg)' : 'var(--text-secondary)';
  return (
    <div className="timeline">
      <div className="timeline-axis" aria-hidden>
        <div className="timeline-ticks">
          {steps.map((at) => (
            <span key={at} className="timeline-tick" style={{ left: percent(at / length) }}>
              {tick(at)}
            </span>
          ))}
          <span className="timeline-tick timeline-end" style={{ left: percent(1), transform: 'translateX(-100%)', color }}>
            {duration(length)}
          </span>
        </div>
      </div>
      <div className="timeline-rows">
        {blocks.map((block) => (
          <button
            key={block.name}
            type="button"
            className={`timeline-row kind-${block.kind}`}
            aria-pressed={block.name === selected}
            onClick={() => onSelect(block.name)}
          >
            <span className="timeline-name">
              <KindTile kind={block.kind} />
              <span className="mono cut">{block.name}</span>
              <Status tone={block.tone} look="quiet">
                {block.tone === 'failed' && block.attempts > 1 ? `Failed, ${block.attempts} attempts` : toneWords[block.tone]}
              </Status>
            </span>
            <span className="timeline-lane">
              {steps.map((at) => (
                <span key={at} className="timeline-grid" style={{ left: percent(at / length) }} />
              ))}
              <Lane block={block} from={from} length={length} now={now} isCritical={path.includes(block.name)} />
              <span className="timeline-stop" style={{ left: '100%', background: color }} />
            </span>
          </button>
        ))}
      </div>
    </div>
  );
}
